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

/** What is in the way of a copy beside its own bytes: folders, and what is written meanwhile. */
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
  if (!isAbsolute(folder)) return { ...plan, problem: invalid(to, 'it is no absolute path', 'Give the whole path.') };
  const seen = { ...plan, freeBytes: freeBytesAt(to), fileSystem: fileSystemOf(to) };
  const wrong = judgeNames(from, to, home) ?? judgePlaces(from, to, options);
  if (wrong !== null) return { ...seen, problem: wrong };
  const method = canRename(dirname(from), nearestFolder(dirname(to))) ? 'rename' : 'copy';
  return { ...seen, method, problem: method === 'copy' ? judgeRoom(seen) : null };
}

const CONTROL = /[\0-\x1f\x7f]/; // oxlint-disable-line no-control-regex -- control characters are what is looked for

function judgeNames(from: string, to: string, home: string): KojiboxError | null {
  if (CONTROL.test(to)) return invalid(to, 'it has control characters in its name', 'Choose another name.');
  if (to === from) return invalid(to, 'it is there already', 'Choose another folder.');
  if (isInside(to, from) || isInside(to, home))
    return invalid(to, 'it lies inside the data folder itself', 'Choose a folder outside of it.');
  if (isInside(from, to)) return invalid(to, 'the data folder lies inside of it', 'Choose a new or an empty folder.');
  return null;
}

function judgePlaces(from: string, to: string, { home, serviceUser }: PlanOptions): KojiboxError | null {
  const isAddress = to === home;
  if (existsSync(to) && !isAddress) {
    if (!isFolder(to)) return invalid(to, 'it is no folder', 'Choose a new or an empty folder.');
    if (isMountPoint(to))
      return invalid(
        to,
        'it is the root of a file system, which cannot be replaced',
        `Choose a folder in it: ${join(to, 'kojibox')}`,
      );
    if (entriesOf(to).length > 0)
      return invalid(to, 'it has files in it', `Choose an empty folder or a new one: ${join(to, 'kojibox')}`);
  }
  for (const left of [partialOf(to), movePathsOf(home).before])
    if (existsSync(left)) return invalid(to, `${left} is in the way`, `Look what is in it, and remove it: ${left}`);
  if (isMountPoint(from))
    return invalid(
      to,
      `${from} is the root of a file system, which cannot be moved`,
      'Set KOJIBOX_HOME to a folder in it.',
    );
  const base = nearestFolder(dirname(to));
  if (!isFolder(base)) return invalid(to, `${base} is no folder`, 'Choose another folder.');
  const barrier = serviceUser === null ? null : findBarrier(to, serviceUser);
  if (barrier !== null && serviceUser !== null)
    return denied(
      to,
      `user ${serviceUser.uid}, as whom the services run, may not pass through ${barrier}`,
      `Choose a folder outside of ${barrier}, or run: chmod o+x ${barrier}`,
    );
  for (const parent of new Set([base, dirname(from), dirname(home)]))
    if (!canMakeFolders(parent))
      return denied(
        to,
        `this user may not write to ${parent}`,
        parent === base
          ? 'Choose a folder of your own, or make one there as administrator and choose a folder in it.'
          : `Give yourself the right to write to ${parent}, or set KOJIBOX_HOME to a folder of your own.`,
      );
  const missing = findMissingAbility(base, serviceUser);
  return missing === null
    ? null
    : invalid(to, `the file system there cannot hold it: ${missing}`, 'Choose a folder on another disk.');
}

function judgeRoom({
  to,
  sizeBytes,
  freeBytes,
}: Pick<PlannedMove, 'to' | 'sizeBytes' | 'freeBytes'>): KojiboxError | null {
  const needed = sizeBytes + SPARE_BYTES;
  if (freeBytes >= needed) return null;
  return refusal('DISK_FULL', to, `${needed} bytes are needed there, and ${freeBytes} are free`);
}

function refusal(code: ErrorCode, to: string, detail: string, remedy?: string): KojiboxError {
  return new KojiboxError(code, `cannot keep the data in ${to}`, {
    detail,
    source: 'home',
    ...(remedy === undefined ? {} : { remedy }),
  });
}
const invalid = (to: string, detail: string, remedy: string): KojiboxError =>
  refusal('VALIDATION_FAILED', to, detail, remedy);
const denied = (to: string, detail: string, remedy: string): KojiboxError =>
  refusal('PERMISSION_DENIED', to, detail, remedy);
