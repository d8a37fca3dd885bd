/** All that is kept of one service's log, as it is at one moment: the live file, what was set aside, the archives. */
import { closeSync, createReadStream, existsSync, read } from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { createTimeline, type Mark, type MarkFile, type Timeline } from '../../core/logs/arrivals.ts';
import { BLOCK_BYTES } from '../../core/logs/segments.ts';
import { spanOf, type Span } from '../../core/logs/spans.ts';
import { archivesOf, endOfArchive, readStart, setAsideOf } from './log-archives.ts';
import { openLive } from './log-live.ts';
import { readMarks } from './log-marks.ts';
import { droppedUntil, generationOf, holdLog } from './log-readers.ts';

const readAsync = promisify(read);
const NEWLINE = 10;

export interface LogPiece {
  /** Ms since 1970: all of it was written before. */
  readonly endedAt: number;
  /** Where its first byte lies in the file that the service wrote; marks of the timeline count from there too. */
  readonly base: number;
  readonly timeline: Timeline;
  /** Null: compressed, so that it can only be read forward. */
  readonly blockCount: number | null;
  /** All blocks, of BLOCK_BYTES but for the last one, which ends with its line; none when the piece is gone by now. */
  blocks(): AsyncGenerator<Span>;
  /** One block by its number, from 0. Only when their count is known. */
  block(index: number): Promise<Span>;
}

export interface LogSnapshot {
  /** The newest first. */
  readonly pieces: readonly LogPiece[];
  /** Must be called: rotation waits for it. */
  close(): void;
}

/** No pieces when the service never wrote a log. */
export function openSnapshot(file: string): LogSnapshot {
  const closers: (() => void)[] = [];
  const pieces: LogPiece[] = [];
  if (!existsSync(dirname(file))) return { pieces, close: () => undefined };
  const archives = archivesOf(file);
  const live = openPlain(file, readStart(file), readMarks(file), null, closers);
  if (live !== null) pieces.push(live);
  // A log that was set aside and archived already is there twice for a moment.
  const aside = setAsideOf(file).filter(({ archive }) => !archives.includes(archive));
  const older = [
    ...archives.map((archive) => ({ archive, piece: compressed(archive) })),
    ...aside.map(({ file: path, start, archive }) => ({
      archive,
      piece: openPlain(path, start, readMarks(archive), endOfArchive(archive), closers),
    })),
  ].sort((a, b) => (basename(a.archive) < basename(b.archive) ? 1 : -1));
  for (const { piece } of older) if (piece !== null) pieces.push(piece);
  return {
    pieces,
    close() {
      for (const close of closers.splice(0)) close();
    },
  };
}

/** Of a file that has, or lately had, the name of this live log. Empty when nothing is known of it. */
export function marksOf(file: string, inode: number): readonly Mark[] {
  const archives = [...setAsideOf(file).map(({ archive }) => archive), ...archivesOf(file).reverse()];
  for (const name of [file, ...archives]) {
    const known = readMarks(name);
    if (known?.inode === inode) return known.marks;
  }
  return [];
}

/** @param marks null: none are kept; @param endedAt null: it is the live one */
function openPlain(
  file: string,
  start: number,
  marks: MarkFile | null,
  endedAt: number | null,
  closers: (() => void)[],
): LogPiece | null {
  const open = openLive(file);
  if (open === null) return null;
  const { descriptor, stat } = open;
  const release = holdLog(stat);
  const generation = generationOf(stat);
  closers.push(() => {
    closeSync(descriptor);
    release();
  });
  const sizeBytes = Math.max(0, stat.size - start);
  const blockCount = Math.ceil(sizeBytes / BLOCK_BYTES);
  const ended = endedAt ?? stat.mtimeMs;
  const known = marks === null || (endedAt === null && marks.inode !== stat.ino) ? [] : marks.marks;
  const timeline = createTimeline(known, ended);
  const lost = (): number => (generationOf(stat) === generation ? droppedUntil(stat) : Infinity);
  const block = async (index: number): Promise<Span> => {
    const at = index * BLOCK_BYTES;
    const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, sizeBytes - at));
    const { bytesRead } = await readAsync(descriptor, buffer, 0, buffer.length, start + at);
    // What was given up while it was read is zeros.
    const gone = Math.min(bytesRead, Math.max(0, lost() - start - at));
    const bytes = buffer.subarray(gone, bytesRead);
    return spanOf(index === blockCount - 1 ? endLine(bytes) : bytes, start + at + gone, timeline);
  };
  return {
    endedAt: ended,
    base: start,
    timeline,
    blockCount,
    block,
    async *blocks() {
      for (let index = 0; index < blockCount; index++) yield await block(index);
    },
  };
}

function compressed(archive: string): LogPiece {
  const { base, marks } = readMarks(archive) ?? { base: 0, marks: [] };
  const endedAt = endOfArchive(archive);
  const timeline = createTimeline(marks, endedAt);
  return {
    endedAt,
    base,
    timeline,
    blockCount: null,
    block: () => Promise.reject(new Error(`${archive} cannot be read from the middle`)),
    async *blocks() {
      let offset = base;
      try {
        for await (const bytes of unpack(archive)) {
          yield spanOf(bytes, offset, timeline);
          offset += bytes.length;
        }
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // Too old by now, or damaged, e.g. by a full disk: what could be read of it was given.
        if (code !== 'ENOENT' && code?.startsWith('Z_') !== true) throw error;
      }
    },
  };
}

/** The next piece begins with a line of its own, also when the service died in the middle of one. */
const endLine = (bytes: Buffer): Buffer =>
  bytes.at(-1) === NEWLINE || bytes.length === 0 ? bytes : Buffer.concat([bytes, Buffer.of(NEWLINE)]);

/** The content in blocks of one size, whatever the chunks of zlib, which works in libuv's threads. */
async function* unpack(archive: string): AsyncGenerator<Buffer> {
  const source = createReadStream(archive);
  const unpacked = source.pipe(createGunzip({ chunkSize: BLOCK_BYTES }));
  source.on('error', (error) => unpacked.destroy(error));
  let chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length < BLOCK_BYTES) continue;
      let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      for (; bytes.length >= BLOCK_BYTES; bytes = bytes.subarray(BLOCK_BYTES)) yield bytes.subarray(0, BLOCK_BYTES);
      chunks = [bytes];
      length = bytes.length;
    }
    if (length > 0) yield endLine(Buffer.concat(chunks));
  } finally {
    source.destroy();
  }
}
