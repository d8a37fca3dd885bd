/**
 * Files with the marks of arrival, beside the logs that they speak of.
 *
 *   .web.log.arrivals                                of the live log
 *   web.2026-11-21T03-34-33-123Z.log.gz.arrivals     of an archive, or of what is about to become it
 */
import { closeSync, constants, fstatSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  formatHeader,
  formatMark,
  marksBetween,
  parseMarks,
  type Mark,
  type MarkFile,
} from '../../core/logs/arrivals.ts';
import { openPlainFile, type PlainFile } from './foreign-files.ts';

const { O_APPEND, O_RDONLY, O_WRONLY } = constants;
/** More than the keeper ever lets them grow to. */
const MAX_MARK_BYTES = 8 * 1024 * 1024;

/** @param log a live log or an archive */
export const marksFileOf = (log: string): string =>
  log.endsWith('.gz') ? `${log}.arrivals` : join(dirname(log), `.${basename(log)}.arrivals`);

/** Null when there are none, or what is there is no such file. */
export function readMarks(log: string): MarkFile | null {
  const file = openOrNull(marksFileOf(log));
  if (file === null) return null;
  try {
    return file.stat.size <= MAX_MARK_BYTES ? parseMarks(readFileSync(file.descriptor, 'utf8')) : null;
  } finally {
    closeSync(file.descriptor);
  }
}

function openOrNull(path: string): PlainFile | null {
  try {
    return openPlainFile(path, O_RDONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns how many bytes the file has then. Throws where there is none: then all of them have to be written again */
export function addMark(log: string, mark: Mark): number {
  const path = marksFileOf(log);
  const file = openPlainFile(path, O_WRONLY | O_APPEND);
  if (file === null) throw new Error(`${path} is no regular file`);
  try {
    writeSync(file.descriptor, formatMark(mark));
    return fstatSync(file.descriptor).size;
  } finally {
    closeSync(file.descriptor);
  }
}

/** Replaces all marks at once. */
export function writeMarks(log: string, { inode, base, marks }: MarkFile): void {
  const file = marksFileOf(log);
  const temporary = `${file}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, formatHeader(inode, base) + marks.map(formatMark).join(''), { flag: 'wx', mode: 0o640 });
  renameSync(temporary, file);
}

export const removeMarks = (log: string): void => rmSync(marksFileOf(log), { force: true });

/** Before bytes [from, to) of a live log become this archive. */
export function copyMarks(log: string, archive: string, from: number, to: number): void {
  const known = readMarks(log);
  if (known !== null) writeMarks(archive, { ...known, base: from, marks: marksBetween(known.marks, from, to) });
}

/** After what lies before `start` has left the live log. */
export function dropMarks(log: string, start: number): void {
  const known = readMarks(log);
  if (known !== null) writeMarks(log, { ...known, base: start, marks: marksBetween(known.marks, start, Infinity) });
}
