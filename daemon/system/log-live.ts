/**
 * Live logs that were removed below their service. A second name of the same file is kept beside each log, because a file without any name
 * cannot get one again (linkat(2) refuses it):
 *
 *   .web.log.keep        hard link to web.log
 */
import { closeSync, constants, fstatSync, linkSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openPlainFile, type PlainFile } from './foreign-files.ts';
import { findHolder } from './log-holders.linux.ts';
import type { Inode } from './log-readers.ts';

const KEEP = /^\.(?<name>.+\.log)\.keep$/;
const keepOf = (file: string): string => join(dirname(file), `.${basename(file)}.keep`);

/** The live log that this second name belongs to; null when it is none. */
export const logOfKeep = (name: string): string | null => KEEP.exec(name)?.groups?.['name'] ?? null;

/** By live log: where it can be opened while it has no name. */
const nameless = new Map<string, { readonly path: string; readonly inode: Inode }>();

export type OpenLog = PlainFile;

/** Opens a live log for reading, also one without a name whose service runs. Null when there is none, or it is not a regular file. */
export function openLive(file: string): OpenLog | null {
  const own = openNamed(file);
  if (own !== null) return own;
  const known = nameless.get(file);
  if (known === undefined) return null;
  const open = openNameless(known.path);
  if (open !== null && isSame(open.stat, known.inode)) return open;
  if (open !== null) closeSync(open.descriptor);
  nameless.delete(file);
  return null;
}

/** Opens what a service holds open: a link of proc(5) to a file without a name. Null when it is there no more. */
function openNameless(path: string): OpenLog | null {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { descriptor, stat: fstatSync(descriptor) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Null where nothing is, or something else than a file. */
function openNamed(file: string): OpenLog | null {
  try {
    return openPlainFile(file, constants.O_RDONLY);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

const isSame = (a: Inode, b: Inode): boolean => a.dev === b.dev && a.ino === b.ino;

/** Gives the log its second name. A file system without hard links has none: then a removed log is read through its service. */
export function keepLog(file: string, inode: Inode): void {
  const keep = keepOf(file);
  const kept = lstatSync(keep, { throwIfNoEntry: false });
  if (kept !== undefined && isSame(kept, inode)) return;
  rmSync(`${keep}.tmp`, { force: true });
  try {
    linkSync(file, `${keep}.tmp`);
  } catch (error) {
    if (['EPERM', 'EOPNOTSUPP', 'ENOENT', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
    throw error;
  }
  renameSync(`${keep}.tmp`, keep);
}

/** Before the log is closed for good, so that its space is given back. */
export const forgetKept = (file: string): void => {
  rmSync(keepOf(file), { force: true });
  nameless.delete(file);
};

/**
 * For a log whose name is gone: `returned` when it has its name again; `nameless` when it can be read through its service only;
 * `gone` when nothing writes into it, so that it was rightly removed.
 *
 * @param known the file that had the name last, as far as this daemon saw it
 */
export function bringBack(file: string, known: Inode | undefined): 'returned' | 'nameless' | 'gone' {
  const kept = lstatSync(keepOf(file), { throwIfNoEntry: false });
  const inode = kept ?? known;
  const path = inode === undefined ? null : findHolder(inode);
  if (inode === undefined || path === null) {
    forgetKept(file);
    return 'gone';
  }
  if (kept === undefined) {
    nameless.set(file, { path, inode: { dev: inode.dev, ino: inode.ino } });
    return 'nameless';
  }
  linkSync(keepOf(file), file);
  return 'returned';
}

/** Whether another file has the name of a log whose service still writes into the former one. */
export function isReplaced(file: string): boolean {
  const kept = lstatSync(keepOf(file), { throwIfNoEntry: false });
  const named = lstatSync(file, { throwIfNoEntry: false });
  if (kept === undefined || named === undefined || isSame(kept, named)) return false;
  return findHolder(kept) !== null && findHolder(named) === null;
}
