/** Lines of one log over all its files: backwards through the live one, forwards through any. Blocks of bounded size, never a whole file. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createGunzip } from 'node:zlib';
import { archivesOf, readStart, setAsideLogs } from './log-archives.ts';

const BLOCK = 256 * 1024;
/** What has no end of line for so long is given out in pieces. */
const MAX_LINE = 1024 * 1024;
const NEWLINE = 10;

/** One file of a log, with the times that its lines can have. */
export interface LogPart {
  readonly file: string;
  readonly kind: 'live' | 'aside' | 'archive';
  /** First byte that belongs to it. */
  readonly start: number;
  /** Milliseconds since 1970: nothing in it was written later. */
  readonly until: number;
}

/** Oldest first; the live file last. Empty for a log that was never written. */
export function partsOf(live: string): LogPart[] {
  const isOurs = (archive: string): boolean => archivesNamed.has(archive);
  const archives = safely(() => archivesOf(live));
  const archivesNamed = new Set(archives);
  const aside = safely(() => setAsideLogs(dirname(live))).filter(
    ({ archive }) => !isOurs(archive) && stampOf(archive, live) !== null,
  );
  return [
    ...archives.map((file) => ({ file, kind: 'archive' as const, start: 0, until: stampOf(file, live) ?? Infinity })),
    ...aside.map(({ file, start, archive }) => ({
      file,
      kind: 'aside' as const,
      start,
      until: stampOf(archive, live) ?? Infinity,
    })),
    { file: live, kind: 'live', start: readStart(live), until: Infinity },
  ];
}

function safely<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The time in the name of an archive of this log; null when it belongs to another. */
function stampOf(archive: string, live: string): number | null {
  const stem = live.replace(/\.log$/, '');
  if (!archive.startsWith(`${stem}.`)) return null;
  const found = /^\.(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.log\.gz$/.exec(archive.slice(stem.length));
  return found === null ? null : Date.parse(`${found[1]}T${found[2]}:${found[3]}:${found[4]}.${found[5]}Z`);
}

/** Blocks of whole lines, in the order in which they were written. A file that is not there has none. */
export async function* linesOf({ file, kind, start }: LogPart): AsyncGenerator<string[], void, void> {
  const source = createReadStream(file, { start, highWaterMark: BLOCK });
  const bytes = kind === 'archive' ? source.pipe(createGunzip({ chunkSize: BLOCK })) : source;
  source.on('error', (error) => bytes.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = data.lastIndexOf(NEWLINE);
      if (end === -1 && data.length < MAX_LINE) {
        rest = data;
        continue;
      }
      const upTo = end === -1 ? data.length : end;
      rest = data.subarray(upTo + 1);
      yield data.toString('utf8', 0, upTo).split('\n');
    }
    if (rest.length > 0) yield rest.toString('utf8').split('\n');
  } catch (error) {
    // Rotated away meanwhile: its lines are in an archive that is read after or was read before.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    source.destroy();
  }
}

/** Blocks of whole lines from the end of a plain file, newest line first. */
export async function* linesBackwards({ file, start }: LogPart): AsyncGenerator<string[], void, void> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (handle === null) return;
  try {
    const { size } = await handle.stat();
    let rest: Buffer = Buffer.alloc(0);
    for (let to = size; to > start;) {
      const from = Math.max(start, to - BLOCK);
      const block = Buffer.alloc(to - from);
      await handle.read(block, 0, block.length, from);
      to = from;
      const data = rest.length === 0 ? block : Buffer.concat([block, rest]);
      const first = to === start ? -1 : data.indexOf(NEWLINE);
      if (to > start && first === -1 && data.length < MAX_LINE) {
        rest = data;
        continue;
      }
      rest = first === -1 ? Buffer.alloc(0) : data.subarray(0, first);
      const text = data.toString('utf8', first + 1);
      const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
      if (text !== '') yield lines.reverse();
      // What is left ends where a line begins: its end of line was at `first`.
      if (first !== -1) rest = Buffer.concat([rest, Buffer.from('\n')]);
    }
  } finally {
    await handle.close();
  }
}
