/** Gives up the oldest part of a live log: at once, without an archive of it, and with a line in its place that says so. */
import { closeSync, constants, ftruncateSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { constants as zlib, gzip } from 'node:zlib';
import { marksBetween } from '../../core/logs/arrivals.ts';
import { archivesOf, newArchive, removeStart, writeStart } from './log-archives.ts';
import { openPlainFile, openPlainHandle } from './foreign-files.ts';
import { punchHole } from './log-holes.ts';
import { dropMarks, readMarks, writeMarks } from './log-marks.ts';
import { noteDropped, noteTruncated, type Inode } from './log-readers.ts';

const LOOK_FOR_LINE_BYTES = 64 * 1024;

export interface LogDropper {
  /**
   * For a log that grows faster than it can be compressed, and than a hole can be made. What is written in the same millisecond is lost too.
   *
   * @param keepBytes of its end, about; @param start first byte that is in no archive
   */
  dropOldest(file: string, keepBytes: number, start: number): Promise<void>;
  /** Of a log that was removed below its service and has its name again: what was in it stays removed. */
  dropRemoved(file: string, until: number, holes: boolean): Promise<void>;
}

export function createLogDropper(): LogDropper {
  /** By log: the line of the last flood, which grows as long as nothing else was archived. */
  const floods = new Map<string, { readonly archive: string; readonly since: number; bytes: number }>();

  /** @returns the archive that the line is for, and the line */
  const noteFlood = (file: string, bytes: number): { archive: string; line: string } => {
    const last = floods.get(file);
    const isNewest = last !== undefined && archivesOf(file).at(-1) === last.archive;
    const flood = isNewest ? last : { archive: newArchive(file, Date.now()), since: Date.now(), bytes: 0 };
    flood.bytes += bytes;
    floods.set(file, flood);
    const id = basename(file, '.log');
    const text = `${megabytes(flood.bytes)} of this log were given up here: ${id} wrote faster than its log may grow`;
    return { archive: flood.archive, line: lineOf(flood.since, text) };
  };

  return {
    async dropOldest(file, keepBytes, start) {
      const { tail, from, inode } = takeTail(file, Math.round(keepBytes), start);
      noteTruncated(inode);
      removeStart(file);
      const { archive, line } = noteFlood(file, from - start);
      const known = readMarks(file);
      // The line about it stands before the tail, whose lines keep their times.
      const move = Buffer.byteLength(line) - from;
      const marks = known?.inode === inode.ino ? marksBetween(known.marks, from, from + tail.length) : [];
      const moved = marks.map((mark) => ({ ...mark, offset: Math.max(0, mark.offset + move) }));
      writeMarks(archive, { inode: 0, base: 0, marks: moved });
      await writeArchive(archive, Buffer.concat([Buffer.from(line), tail]));
    },
    async dropRemoved(file, until, holes) {
      const handle = await openPlainHandle(file, constants.O_RDWR);
      try {
        const { ino, dev } = await handle.stat();
        const archive = newArchive(file, Date.now());
        const text = `${basename(file)} was removed while ${basename(file, '.log')} wrote into it; the log continues here`;
        await writeArchive(archive, Buffer.from(lineOf(Date.now(), text)));
        if (holes) await cut(file, handle, { ino, dev, until, archive });
        else writeStart(file, ino, until, archive);
      } finally {
        await handle.close();
      }
    },
  };
}

async function cut(
  file: string,
  handle: FileHandle,
  { ino, dev, until, archive }: { ino: number; dev: number; until: number; archive: string },
): Promise<void> {
  writeStart(file, ino, until, archive);
  dropMarks(file, until);
  // Who reads it now does not wait, and does not take the hole for text.
  noteDropped({ dev, ino }, until);
  await punchHole(handle, until);
}

/** Takes the end of a log, from the beginning of a line, and all of the log with it. Services append, so they go on at its new end. */
function takeTail(file: string, bytes: number, start: number): { tail: Buffer; from: number; inode: Inode } {
  const open = openPlainFile(file, constants.O_RDWR);
  if (open === null) throw new Error(`${file} is no regular file`);
  const { descriptor, stat: inode } = open;
  try {
    const begin = Math.max(start, inode.size - bytes);
    const buffer = Buffer.alloc(2 * bytes);
    // Twice: more may have come while the most of it was read.
    let length = readSync(descriptor, buffer, 0, buffer.length, begin);
    if (length < buffer.length) length += readSync(descriptor, buffer, length, buffer.length - length, begin + length);
    ftruncateSync(descriptor, 0);
    const line = buffer.subarray(0, Math.min(length, LOOK_FOR_LINE_BYTES)).indexOf(10) + 1;
    return { tail: buffer.subarray(line, length), from: begin + line, inode };
  } finally {
    closeSync(descriptor);
  }
}

const lineOf = (at: number, text: string): string => `${new Date(at).toISOString()} warn ${text}\n`;

/** As an archive, so that everything that reads logs finds it in its place. */
async function writeArchive(archive: string, content: Buffer): Promise<void> {
  const packed = await promisify(gzip)(content, { level: zlib.Z_BEST_SPEED });
  rmSync(`${archive}.tmp`, { force: true });
  writeFileSync(`${archive}.tmp`, packed, { flag: 'wx', mode: 0o640 });
  renameSync(`${archive}.tmp`, archive);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
