/** The last lines of a service log, read from the end backwards; never a whole file. */
import { closeSync, createReadStream, readSync, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { archivesOf, readStart } from './log-archives.ts';
import { openLive } from './log-live.ts';

export { followLog, type Followed, type Follower } from './log-follow.ts';

const BLOCK = 64 * 1024;
/** Enough for 100,000 usual lines; a log of monstrous lines gives fewer of them. */
const MAX_BYTES = 16 * 1024 * 1024;
const NEWLINE = 10;

/** The last `count` lines of the live log, oldest first; none when there is no file. @param from byte of the file to begin at */
export function lastLines(file: string, count: number, from = 0): string[] {
  const open = openLive(file);
  if (open === null) return [];
  const { descriptor } = open;
  try {
    const start = Math.max(readStart(file), from);
    const { size } = open.stat;
    const chunks: Buffer[] = [];
    let newlines = 0;
    let at = size;
    while (at > start && newlines <= count && size - at < MAX_BYTES) {
      const chunk = Buffer.alloc(Math.min(BLOCK, at - start));
      at -= chunk.length;
      readSync(descriptor, chunk, 0, chunk.length, at);
      chunks.unshift(chunk);
      newlines += countNewlines(chunk);
    }
    const bytes = Buffer.concat(chunks);
    // A piece of a line at the front is not a line, unless the log begins with it.
    const begin = at > start ? bytes.indexOf(NEWLINE) + 1 : 0;
    const lines = bytes.toString('utf8', begin).split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    closeSync(descriptor);
  }
}

/** The last `count` bytes as whole lines, continued in the archives when the live log has fewer; '' when there is no file. */
export async function lastBytesWithArchives(file: string, count: number): Promise<string> {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return '';
  const start = readStart(file);
  let bytes =
    size > start
      ? await lastOf(createReadStream(file, { start: Math.max(start, size - count) }), count)
      : Buffer.alloc(0);
  let isCut = size - start > count;
  for (const archive of archivesOf(file).reverse()) {
    if (bytes.length >= count) break;
    const wanted = count - bytes.length;
    const unpacked = await lastOf(createReadStream(archive).pipe(createGunzip()), wanted + 1);
    isCut = unpacked.length > wanted;
    bytes = Buffer.concat([unpacked.subarray(-wanted), bytes]);
  }
  return bytes.toString('utf8', isCut ? bytes.indexOf(NEWLINE) + 1 : 0);
}

async function lastOf(stream: AsyncIterable<Buffer>, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let kept = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    kept += chunk.length;
    while (kept - (chunks[0]?.length ?? 0) >= count) kept -= chunks.shift()?.length ?? 0;
  }
  return Buffer.concat(chunks).subarray(-count);
}

function countNewlines(chunk: Buffer): number {
  let found = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) found += 1;
  return found;
}
