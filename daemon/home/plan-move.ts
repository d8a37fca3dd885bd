/** What a move of the data would do, or why it cannot be done. Looks and tries out; nothing stays of it. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { KojiboxError, type ErrorCode } from '../../contract/errors.ts';
import { movePathsOf } from '../../contract/home.ts';
import type { HomePlan } from '../../contract/home-move.ts';
import type { FileOwner, FileSystem } from '../../core/system/files.ts';
import {
  canMakeFolders,
  canRename,
  entriesOf,
  fileSystemOf,
  findBarrier,
  findMissingAbility,
  freeBytesAt,
  isFolder,
  isInside,
  isLink,
  isMountPoint,
  nearestFolder,
  realPlace,
} from './places.ts';
import { sayHome } from '../../contract/sentences/home.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

/** What is in the way of a copy beside its own bytes: folders, and what is written in the meantime. */
const SPARE_BYTES = 64_000_000;

/** Where a copy grows until it is whole. */
export const partialOf = (to: string): string => `${to}.partial`;

export interface PlanOptions {
  /** The address. */
  readonly home: string;
  readonly files: FileSystem;
  /** Null: the services run as this user. */
  readonly serviceUser: FileOwner | null;
}

export type PlannedMove = Pick<
  HomePlan,
  'from' | 'to' | 'method' | 'sizeBytes' | 'files' | 'freeBytes' | 'fileSystem'
> & { readonly problem: KojiboxError | null };

/** The folder in which the data is: the address, unless that is a link. */
export const placeOf = (home: string): string => (isLink(home) ? realpathSync(home) : home);

/** @param folder as it was given */
export async function planMove(folder: string, options: PlanOptions): Promise<PlannedMove> {
  const { home, files } = options;
  const from = placeOf(home);
  const to = isAbsolute(folder) ? realPlace(folder, home) : folder;
  const size = await files.measureTree(from);
  const plan = { from, to, method: 'copy' as const, ...size, freeBytes: 0, fileSystem: null };
  if (!isAbsolute(folder)) return { ...plan, problem: invalid(to, sayHome('notAbsolute'), sayHome('giveWhole')) };
  const seen = { ...plan, freeBytes: freeBytesAt(to), fileSystem: fileSystemOf(to) };
  const wrong = judgeNames(from, to, home) ?? judgePlaces(from, to, options);
  if (wrong !== null) return { ...seen, problem: wrong };
  const method = canRename(dirname(from), nearestFolder(dirname(to))) ? 'rename' : 'copy';
  return { ...seen, method, problem: method === 'copy' ? judgeRoom(seen) : null };
}

const CONTROL = /[\0-\x1f\x7f]/; // oxlint-disable-line no-control-regex -- control characters are what is looked for

function judgeNames(from: string, to: string, home: string): KojiboxError | null {
  if (CONTROL.test(to)) return invalid(to, sayHome('controlCharacters'), sayHome('otherName'));
  if (to === from) return invalid(to, sayHome('thereAlready'), sayHome('otherFolder'));
  if (isInside(to, from) || isInside(to, home)) return invalid(to, sayHome('insideItself'), sayHome('outsideOfIt'));
  if (isInside(from, to)) return invalid(to, sayHome('aroundIt'), sayHome('newOrEmpty'));
  return null;
}

function judgePlaces(from: string, to: string, { home, serviceUser }: PlanOptions): KojiboxError | null {
  const isAddress = to === home;
  if (existsSync(to) && !isAddress) {
    if (!isFolder(to)) return invalid(to, sayHome('noFolder'), sayHome('newOrEmpty'));
    if (isMountPoint(to)) return invalid(to, sayHome('isRoot'), sayHome('folderInIt', { folder: join(to, 'kojibox') }));
    if (entriesOf(to).length > 0)
      return invalid(to, sayHome('hasFiles'), sayHome('emptyOrNew', { folder: join(to, 'kojibox') }));
  }
  for (const left of [partialOf(to), movePathsOf(home).before])
    if (existsSync(left))
      return invalid(to, sayHome('inTheWay', { path: left }), sayHome('lookAndRemove', { path: left }));
  if (isMountPoint(from)) return invalid(to, sayHome('dataIsRoot', { path: from }), sayHome('setHomeInIt'));
  const base = nearestFolder(dirname(to));
  if (!isFolder(base)) return invalid(to, sayHome('placeIsNoFolder', { path: base }), sayHome('otherFolder'));
  const barrier = serviceUser === null ? null : findBarrier(to, serviceUser);
  if (barrier !== null && serviceUser !== null)
    return denied(
      to,
      sayHome('mayNotPass', { user: serviceUser.uid, path: barrier }),
      sayHome('outsideOrAllow', { folder: barrier, path: barrier }),
    );
  for (const parent of new Set([base, dirname(from), dirname(home)]))
    if (!canMakeFolders(parent))
      return denied(
        to,
        sayHome('mayNotWrite', { path: parent }),
        parent === base ? sayHome('ownFolder') : sayHome('giveRight', { path: parent }),
      );
  const missing = findMissingAbility(base, serviceUser);
  return missing === null ? null : invalid(to, sayHome('cannotHold', { reason: missing }), sayHome('otherDisk'));
}

function judgeRoom({
  to,
  sizeBytes,
  freeBytes,
}: Pick<PlannedMove, 'to' | 'sizeBytes' | 'freeBytes'>): KojiboxError | null {
  const needed = sizeBytes + SPARE_BYTES;
  if (freeBytes >= needed) return null;
  return refusal('DISK_FULL', to, sayHome('bytesNeeded', { needed, free: freeBytes }));
}

function refusal(code: ErrorCode, to: string, detail: Sentence, remedy?: Sentence): KojiboxError {
  return new KojiboxError(code, sayHome('cannotKeep', { folder: to }), {
    detail,
    source: 'home',
    ...(remedy === undefined ? {} : { remedy }),
  });
}
const invalid = (to: string, detail: Sentence, remedy: Sentence): KojiboxError =>
  refusal('VALIDATION_FAILED', to, detail, remedy);
const denied = (to: string, detail: Sentence, remedy: Sentence): KojiboxError =>
  refusal('PERMISSION_DENIED', to, detail, remedy);
