/** Looks through a tar file before anything of it is unpacked. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readTarHeaders } from './tar-headers.ts';
import { createTreeGuard, DEFAULT_LIMITS, unsafe, type ArchiveLimits, type TreeGuard } from './tree-guard.ts';

/** The daemon answers in between: 500 headers take about a millisecond. */
const ENTRIES_PER_TURN = 500;

/** What is to be done on the disk, with links of the tree already followed. */
export type Planned =
  | { readonly kind: 'folder'; readonly place: string }
  | {
      readonly kind: 'file';
      readonly place: string;
      readonly mode: number;
      readonly offset: number;
      readonly size: number;
    }
  /** `target`: of a hard link a place in the tree, of a symbolic link what it says. */
  | { readonly kind: 'hard-link' | 'link'; readonly place: string; readonly target: string };

export interface ScanResult {
  readonly entries: number;
  readonly bytes: number;
  /** In the order of the archive. */
  readonly plan: readonly Planned[];
}

/**
 * @param file an uncompressed tar file on disk
 * @param guard of the tree, when several archives are unpacked into it
 * @returns what it holds. Rejects with ARCHIVE_UNSAFE when it could write outside the folder, or fill the disk.
 */
export async function scanTar(
  file: string,
  limits: ArchiveLimits = DEFAULT_LIMITS,
  guard: TreeGuard = createTreeGuard({ mergesTrees: false }),
): Promise<ScanResult> {
  const plan: Planned[] = [];
  let entries = 0;
  let bytes = 0;
  for (const { name, type, target, size, mode, offset } of readTarHeaders(file)) {
    entries += 1;
    bytes += size;
    if (entries > limits.maxEntries) throw unsafe(file, `it has more than ${limits.maxEntries} entries`);
    if (bytes > limits.maxBytes) throw unsafe(file, `it would unpack to more than ${limits.maxBytes} bytes`);
    if (type === '0' || type === '7') plan.push({ kind: 'file', place: guard.file(file, name), mode, offset, size });
    else if (type === '5') plan.push({ kind: 'folder', place: guard.directory(file, name) });
    else if (type === '1') plan.push({ kind: 'hard-link', ...guard.hardLink(file, name, target) });
    else if (type !== '2') throw unsafe(file, `${name} is a device, a pipe or something unknown (type ${type})`);
    else {
      const place = guard.symbolicLink(file, name, target);
      if (place !== null) plan.push({ kind: 'link', place, target });
    }
    if (entries % ENTRIES_PER_TURN === 0) await nextTurn();
  }
  guard.assertLinksInside(file);
  return { entries, bytes, plan };
}
