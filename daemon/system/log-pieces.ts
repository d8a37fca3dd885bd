/** All that is kept of one service's log, as it is at one moment: the live file, what was set aside, the archives. */
import { closeSync, createReadStream, existsSync, fstatSync, openSync, read } from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { BLOCK_BYTES } from '../../core/logs/segments.ts';
import { archivesOf, endOfArchive, readStart, setAsideOf } from './log-archives.ts';
import { holdLog } from './log-readers.ts';

const readAsync = promisify(read);
const NEWLINE = 10;

export interface LogPiece {
  /** Ms since 1970: all of it was written before; and after, null when that is not known. */
  readonly endedAt: number;
  readonly beganAt: number | null;
  /** Null: compressed, so that it can only be read forward. */
  readonly blockCount: number | null;
  /** All blocks, of BLOCK_BYTES but for the last one, which ends with its line; none when the piece is gone by now. */
  blocks(): AsyncGenerator<Buffer>;
  /** One block by its number, from 0. Only when their count is known. */
  block(index: number): Promise<Buffer>;
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
  const live = openPlain(file, readStart(file), null, closers);
  if (live !== null) pieces.push({ ...live, beganAt: null });
  // A log that was set aside and archived already is there twice for a moment.
  const aside = setAsideOf(file).filter(({ archive }) => !archives.includes(archive));
  const older = [
    ...archives.map((archive) => ({ archive, piece: compressed(archive) })),
    ...aside.map(({ file: path, start, archive }) => ({
      archive,
      piece: openPlain(path, start, endOfArchive(archive), closers),
    })),
  ].sort((a, b) => (basename(a.archive) < basename(b.archive) ? 1 : -1));
  for (const { piece } of older) if (piece !== null) pieces.push(piece);
  return {
    pieces: pieces.map((piece, index) => ({ ...piece, beganAt: pieces[index + 1]?.endedAt ?? null })),
    close() {
      for (const close of closers.splice(0)) close();
    },
  };
}

/** @param endedAt null: it is the live one */
function openPlain(file: string, start: number, endedAt: number | null, closers: (() => void)[]): LogPiece | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const stat = fstatSync(descriptor);
  const release = holdLog(stat);
  closers.push(() => {
    closeSync(descriptor);
    release();
  });
  const sizeBytes = Math.max(0, stat.size - start);
  const blockCount = Math.ceil(sizeBytes / BLOCK_BYTES);
  const block = async (index: number): Promise<Buffer> => {
    const at = index * BLOCK_BYTES;
    const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, sizeBytes - at));
    const { bytesRead } = await readAsync(descriptor, buffer, 0, buffer.length, start + at);
    const bytes = buffer.subarray(0, bytesRead);
    return index === blockCount - 1 ? endLine(bytes) : bytes;
  };
  return {
    endedAt: endedAt ?? stat.mtimeMs,
    beganAt: null,
    blockCount,
    block,
    async *blocks() {
      for (let index = 0; index < blockCount; index++) yield await block(index);
    },
  };
}

function compressed(archive: string): LogPiece {
  return {
    endedAt: endOfArchive(archive),
    beganAt: null,
    blockCount: null,
    block: () => Promise.reject(new Error(`${archive} cannot be read from the middle`)),
    async *blocks() {
      try {
        yield* unpack(archive);
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
