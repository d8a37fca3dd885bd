/** What can be said of a folder as a place for the data: whether it is free, writable, passable, and on what kind of file system. */
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { FileOwner } from '../../core/system/files.ts';
import { sayHome } from '../../contract/sentences/home.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

const PROBE = '.kojibox-probe-';

/** Of statfs(2), f_type; the ones that hold someone's data. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x9123683e: 'btrfs',
  0x58465342: 'xfs',
  0x01021994: 'tmpfs',
  0x2fc12fc1: 'zfs',
  0xf2f52010: 'f2fs',
  0x6969: 'nfs',
  0xff534d42: 'cifs',
  0xfe534d42: 'smb2',
  0x4d44: 'vfat',
  0x2011bab0: 'exfat',
  0x7366746e: 'ntfs3',
  0x65735546: 'fuse',
  0x794c7630: 'overlay',
  0x01021997: '9p',
  0xca451a4e: 'bcachefs',
};

/** The name of the file system that holds the folder; null where it is not known. */
export function fileSystemOf(folder: string): string | null {
  return FILE_SYSTEMS[statfsSync(nearestFolder(folder)).type] ?? null;
}

/** Bytes free for this user where the folder is, or would be. */
export function freeBytesAt(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestFolder(folder));
  return bavail * bsize;
}

/** The folder, or the nearest one above it that there is. */
export function nearestFolder(folder: string): string {
  let nearest = folder;
  while (!existsSync(nearest) && nearest !== dirname(nearest)) nearest = dirname(nearest);
  return nearest;
}

export const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
export const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Whether another file system begins there. */
export const isMountPoint = (folder: string): boolean => statSync(folder).dev !== statSync(dirname(folder)).dev;

export const isInside = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** The folder with the links of all that is there already resolved. The address itself is not followed: it is a place too. */
export function realPlace(folder: string, home: string): string {
  const absolute = resolve(folder);
  if (absolute === home) return home;
  const there = nearestFolder(absolute);
  const real = join(realpathSync(there), absolute.slice(there.length));
  return real.endsWith(sep) && real !== sep ? real.slice(0, -1) : real;
}

/** A folder above the place, or the place itself, that the user of the services may not pass; null when they all can be. */
export function findBarrier(folder: string, { uid, gid }: FileOwner): string | null {
  for (let path = nearestFolder(folder); ; path = dirname(path)) {
    const stat = statSync(path);
    const passes =
      (stat.mode & 0o001) !== 0 ||
      (stat.uid === uid && (stat.mode & 0o100) !== 0) ||
      (stat.gid === gid && (stat.mode & 0o010) !== 0);
    // An empty folder at the place itself is replaced, with its permissions.
    if (!passes && path !== folder) return path;
    if (path === dirname(path)) return null;
  }
}

/** What is in a folder; empty where there is none. */
export const entriesOf = (folder: string): string[] => (isFolder(folder) ? readdirSync(folder) : []);

/**
 * Tries out in a folder what Kojibox needs of a file system: permissions, links, programs that run. What is made is removed again.
 * @param owner who files are given to; null: no one, since only root can
 * @returns what it cannot do, as half a sentence; null when it can do all
 */
export function findMissingAbility(folder: string, owner: FileOwner | null): Sentence | null {
  const probe = mkdtempSync(join(folder, PROBE));
  try {
    const file = join(probe, 'program');
    writeFileSync(file, '#!/bin/sh\n', { mode: 0o600 });
    chmodSync(file, 0o700);
    if ((statSync(file).mode & 0o777) !== 0o700) return sayHome('noPermissions');
    chmodSync(file, 0o600);
    if ((statSync(file).mode & 0o777) !== 0o600) return sayHome('noPermissions');
    chmodSync(file, 0o700);
    // On a file system that is mounted with "noexec" access(2) says EACCES.
    if (!allows(() => accessSync(file, constants.X_OK))) return sayHome('noPrograms');
    if (owner !== null && (!allows(() => chownSync(file, owner.uid, owner.gid)) || statSync(file).uid !== owner.uid))
      return sayHome('noOwners');
    // The daemon's lock is a hard link.
    if (
      !allows(() => symlinkSync('program', join(probe, 'link'))) ||
      !allows(() => linkSync(file, join(probe, 'twin')))
    )
      return sayHome('noLinks');
    return null;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/** Whether a folder can simply be renamed from one place to the other. Tried out, since one disk may be mounted twice (rename(2), EXDEV). */
export function canRename(fromParent: string, toParent: string): boolean {
  const probe = mkdtempSync(join(fromParent, PROBE));
  const target = join(toParent, basename(probe));
  try {
    renameSync(probe, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EXDEV') return false;
    throw error;
  } finally {
    rmSync(probe, { recursive: true, force: true });
    rmSync(target, { recursive: true, force: true });
  }
}

/** Whether this user may make folders there. */
export const canMakeFolders = (folder: string): boolean =>
  allows(() => rmSync(mkdtempSync(join(folder, PROBE)), { recursive: true }));

function allows(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false; // The answer to the question, whatever the reason.
  }
}
