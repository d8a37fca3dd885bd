/**
 * Rotation of service logs without losing a line, although the service holds the file open: what is there is copied into a compressed
 * archive, then its blocks are given back with a hole (fallocate(2), FALLOC_FL_PUNCH_HOLE). Appends go on at the end and are never touched.
 * Where the file system knows no holes, a log is rotated at the next start of its service only.
 */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip } from 'node:zlib';
import type { Logger } from '../../core/system/logger.ts';
import {
  archivesOf,
  liveLogs,
  newArchive,
  readStart,
  removeStart,
  repairArchives,
  setAsideLogs,
  setAsideName,
  writeStart,
} from './log-archives.ts';
import { untilUnread } from './log-readers.ts';

const COPY_BYTES = 256 * 1024;

export interface LogRotationOptions {
  /** Of useful content in a live log; default 10 MiB. */
  readonly maxBytes?: number;
  /** Default 5000. */
  readonly lookEveryMs?: number;
  /** Per service; default 5. */
  readonly keptArchives?: number;
  /** False: as if the file system knew no holes. Default: found out. */
  readonly holes?: boolean;
}

export interface LogRotation {
  stop(): void;
  /** Rotates what is due now; for tests and for a clean end. */
  rotateDue(): Promise<void>;
  /** Before a service is launched: a log that is large, or that has a hole, is set aside, so that the service begins a new one. Quick. */
  prepare(file: string): Promise<void>;
}

/** Begins to look after the logs of a folder; first finishes what an earlier daemon left half done. */
export function startLogRotation(folder: string, log: Logger, options: LogRotationOptions = {}): LogRotation {
  const { maxBytes = 10 * 1024 * 1024, lookEveryMs = 5000, keptArchives = 5 } = options;
  mkdirSync(folder, { recursive: true });
  repairArchives(folder);
  const holes = options.holes === undefined ? supportsHoles(folder) : Promise.resolve(options.holes);
  let queue: Promise<void> = Promise.resolve();
  let busy: { readonly file: string; readonly abort: AbortController; readonly done: Promise<void> } | null = null;

  const guarded = async (file: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const abort = new AbortController();
    const done = work(abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) log.warn('cannot rotate a log', { file, error: String(error) });
    });
    busy = { file, abort, done };
    await done;
    busy = null;
  };

  const rotateAll = async (): Promise<void> => {
    for (const { file, start, archive } of setAsideLogs(folder)) {
      await guarded(file, (signal) => archiveSetAside(file, start, archive, signal));
    }
    if (!(await holes)) return;
    for (const file of liveLogs(folder)) {
      const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
      if (size - readStart(file) < maxBytes) continue;
      await guarded(file, (signal) => rotate(file, signal));
      for (const old of archivesOf(file).slice(0, -keptArchives)) rmSync(old);
    }
  };
  const rotateDue = (): Promise<void> =>
    (queue = queue
      .then(rotateAll)
      .catch((error: unknown) => log.warn('cannot look after the logs', { folder, error: String(error) })));

  const timer = setInterval(() => {
    if (busy === null) void rotateDue();
  }, lookEveryMs);
  timer.unref();

  return {
    stop: () => clearInterval(timer),
    rotateDue,
    async prepare(file) {
      if (busy?.file === file) {
        busy.abort.abort();
        await busy.done;
      }
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat === undefined) return;
      const start = readStart(file);
      if (start === 0 && stat.size < maxBytes) return;
      // Renaming says both at once: this log is closed, and where its useful part begins.
      renameSync(file, setAsideName(newArchive(file, Date.now()), start));
      removeStart(file);
      void rotateDue();
    },
  };
}

async function rotate(file: string, signal: AbortSignal): Promise<void> {
  // One descriptor for all steps: the name may belong to another file before we are done.
  const handle = await open(file, 'r+');
  try {
    const { size, ino, dev } = await handle.stat();
    const start = readStart(file);
    const end = await lastLineEnd(handle, start, size);
    if (end <= start) return;
    const archive = newArchive(file, Date.now());
    await compress(file, start, end, archive, signal);
    signal.throwIfAborted();
    // Whatever happens after this line, `repairArchives` finishes it; before it, the archive does not count.
    writeStart(file, ino, end, archive);
    renameSync(`${archive}.tmp`, archive);
    // Aborted here, the hole is never made: the log is about to be set aside, and `start` says what of it is archived.
    await untilUnread({ dev, ino }, signal);
    await punchHole(handle, end);
  } finally {
    await handle.close();
  }
}

async function archiveSetAside(file: string, start: number, archive: string, signal: AbortSignal): Promise<void> {
  await compress(file, start, statSync(file).size, archive, signal);
  renameSync(`${archive}.tmp`, archive);
  rmSync(file);
}

/** Bytes [start, end) into `<archive>.tmp`, on disk when this resolves. zlib works in libuv's threads. */
async function compress(file: string, start: number, end: number, archive: string, signal: AbortSignal): Promise<void> {
  const source = end > start ? createReadStream(file, { start, end: end - 1, highWaterMark: COPY_BYTES }) : [];
  try {
    await pipeline(
      source,
      createGzip({ level: constants.Z_BEST_SPEED, chunkSize: COPY_BYTES }),
      createWriteStream(`${archive}.tmp`, { mode: 0o640, flush: true }),
      { signal },
    );
  } catch (error) {
    rmSync(`${archive}.tmp`, { force: true });
    throw error;
  }
}

/** A line that is being written stays whole in the live file; looks back block by block. */
async function lastLineEnd(handle: FileHandle, start: number, size: number): Promise<number> {
  const buffer = Buffer.alloc(COPY_BYTES);
  for (let to = size; to > start;) {
    const from = Math.max(start, to - buffer.length);
    const { bytesRead } = await handle.read(buffer, 0, to - from, from);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(10);
    if (newline !== -1) return from + newline + 1;
    to = from;
  }
  return start;
}

/** Through the descriptor (as 3 in the program), because the name may have moved on. Part of a block is zeroed, whole blocks are freed. */
function punchHole(handle: FileHandle, end: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['--punch-hole', '--offset', '0', '--length', String(end), '/proc/self/fd/3'];
    const child = spawn('fallocate', args, { stdio: ['ignore', 'ignore', 'ignore', handle.fd] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`fallocate ended with ${code ?? 'a signal'}`)),
    );
  });
}

async function supportsHoles(folder: string): Promise<boolean> {
  const file = join(folder, `.holes-${randomUUID()}.tmp`);
  try {
    writeFileSync(file, Buffer.alloc(8192, 1));
    await promisify(execFile)('fallocate', ['--punch-hole', '--offset', '0', '--length', '4096', file]);
    return true;
  } catch {
    return false; // No such program, or a file system without holes: rotation at the next start remains.
  } finally {
    rmSync(file, { force: true });
  }
}
