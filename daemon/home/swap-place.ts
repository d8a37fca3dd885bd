/**
 * The switch itself and the way back. Each can be done again after a kill at any line: what was done is seen on the disk. The data is always
 * whole in one folder, and the journal says in which.
 */
import { mkdirSync, realpathSync, renameSync, unlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { movePathsOf } from '../../contract/home.ts';
import type { MoveJournal } from '../../core/home/journal.ts';
import { layoutOf } from '../../core/layout.ts';
import { replaceFolderLink, syncFolder } from '../system/folder-links.ts';
import { findChangedSince } from './compare-trees.ts';
import { removeTree } from './remove-tree.ts';
import { isFolder, isLink } from './places.ts';
import { partialOf } from './plan-move.ts';

type Places = Pick<MoveJournal, 'home' | 'from' | 'to' | 'method'>;

/** Renames, and makes both ends durable. The target may be an empty folder. */
function move(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  renameSync(from, to);
  for (const folder of new Set([dirname(from), dirname(to)])) syncFolder(folder);
}

function removeLink(path: string): void {
  if (!isLink(path)) return;
  unlinkSync(path);
  syncFolder(dirname(path));
}

/** The data is in `to`, and the address leads there. */
export function swapPlaces({ home, from, to, method }: Places): void {
  const whole = method === 'copy' ? partialOf(to) : from;
  if (method === 'copy' && from === home && isFolder(home) && isFolder(whole)) move(home, movePathsOf(home).before);
  if (isFolder(whole)) {
    if (to === home) removeLink(home);
    move(whole, to);
  }
  if (to !== home) replaceFolderLink(home, to);
}

/** The data is in `from` again, and the address leads there. What was copied is removed. */
export async function swapPlacesBack(places: Places): Promise<void> {
  const { home, from, to, method } = places;
  if (method === 'rename') {
    // Still, or again, where it was.
    if (!isFolder(from)) {
      if (from === home) removeLink(home);
      move(to, from);
    }
    if (from !== home) replaceFolderLink(home, from);
    return;
  }
  const { before } = movePathsOf(home);
  if (from === home) {
    if (isFolder(before)) {
      removeLink(home);
      move(before, home);
    }
    await discardCopy(places);
    return;
  }
  // Out of the way of the link.
  if (to === home && isFolder(home)) move(home, partialOf(to));
  replaceFolderLink(home, from);
  await discardCopy(places);
}

/** Removes what was copied, and never what is in use. */
export async function discardCopy({ home, to, method }: Places): Promise<void> {
  if (method === 'rename') return;
  const partial = partialOf(to);
  // An empty folder may have been there before the move, and is someone's; a copy has both of these.
  const isCopy = to !== home && ['app', 'runtime'].every((name) => isFolder(join(to, name)));
  if (isCopy && !isFolder(partial) && realpathSync(home) !== realpathSync(to)) move(to, partial);
  if (isFolder(partial)) await removeTree(partial);
}

/** Where the former data lies once the address leads to the new place. */
export const formerOf = ({ home, from }: Pick<Places, 'home' | 'from'>): string =>
  from === home ? movePathsOf(home).before : from;

/** Someone wrote to the former folder after its last copy: an editor, a shell that stands in it. */
export class WrittenLater extends Error {}

/** Throws {@link WrittenLater} when something in the former folder is in no copy. */
export async function assertNothingLater(journal: Places & Pick<MoveJournal, 'syncedAtMs'>): Promise<void> {
  const { home, method, syncedAtMs } = journal;
  const former = formerOf(journal);
  if (method === 'rename' || syncedAtMs === 0 || !isFolder(former)) return;
  // The move wrote its own log until the switch.
  const own = join(former, relative(home, layoutOf(home).homeMoveLog));
  const late = await findChangedSince(former, syncedAtMs, own);
  if (late !== null) throw new WrittenLater(`${late} was written after everything had been copied`);
}

/** Deletes the former folder; refuses when that is the one in use. */
export async function removeFormer(journal: Places): Promise<void> {
  if (journal.method === 'rename') return;
  const former = formerOf(journal);
  if (!isFolder(former)) return;
  if (realpathSync(journal.home) === realpathSync(former)) throw new Error(`${former} is in use`);
  await removeTree(former);
}
