/**
 * Rotation of service logs without losing a line, although the service holds the file open: what is there is copied into a compressed
 * archive, then its blocks are given back with a hole. Appends continue at the end and are never touched.
 * Where the file system knows no holes, a log is rotated at the next start of its service only.
 *
 * A log that grows faster than it can be compressed loses its oldest part: the space of one service is bounded.
 */
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { constants as fs } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
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
import { openPlainHandle } from './foreign-files.ts';
import { createLogDropper } from './log-drop.ts';
import { punchHole, supportsHoles } from './log-holes.ts';
import { forgetKept } from './log-live.ts';
import { copyMarks, dropMarks, marksFileOf, removeMarks } from './log-marks.ts';
import { noteDropped, untilFollowed, untilUnread } from './log-readers.ts';

const COPY_BYTES = 256 * 1024;

/** Of one archive, before it is compressed. */
const MAX_ARCHIVED_BYTES = 16 * 1024 * 1024;
const MAX_MARK_BYTES = 1024 * 1024;
const MIB = 1024 * 1024;

export interface LogRotationOptions {
  /** Of useful content in a live log; default 10 MiB. */
  readonly maxBytes?: number;
  /** Default 5000. */
  readonly lookEveryMs?: number;
  /** Per service; default 5. */
  readonly keptArchives?: number;
  /** Of all that is kept of one service's log on disk; a flood exceeds it for a moment only. Default 64 MiB. */
  readonly limitBytes?: number;
  /** Called before a part of a log becomes an archive, so that its marks are complete. */
  readonly look?: (file: string) => void;
  /** False: as if the file system knew no holes. Default: found out. */
  readonly holes?: boolean;
}

export interface LogRotation {
  stop(): void;
  /** Rotates what is due now; for tests and for a clean end. */
  rotateDue(): Promise<void>;
  /** To be told that a log has grown; rotates it, or gives up its oldest part, when it is due. */
  noteSize(file: string, size: number, markBytes: number): void;
  /** Of a log that has its name again: gives up what lies before this byte. */
  dropRemoved(file: string, until: number): Promise<void>;
  /** Before a service is launched: a log that is large, or that has a hole, is set aside, so that the service begins a new one. Quick. */
  prepare(file: string): Promise<void>;
}

/** Begins to look after the logs of a folder; first finishes what an earlier daemon left half done. */
export function startLogRotation(folder: string, log: Logger, options: LogRotationOptions = {}): LogRotation {
  const { maxBytes = 10 * MIB, lookEveryMs = 5000, keptArchives = 5, limitBytes = 64 * MIB } = options;
  // The rest is for what is being compressed, and for what comes before the next look.
  const [liveBytes, archiveBytes] = [limitBytes * 0.375, limitBytes / 4];
  mkdirSync(folder, { recursive: true });
  repairArchives(folder);
  const holes = options.holes === undefined ? supportsHoles(folder) : Promise.resolve(options.holes);
  const dropper = createLogDropper();
  let queue: Promise<void> = Promise.resolve();
  let busy: { readonly file: string; readonly abort: AbortController; readonly done: Promise<void> } | null = null;
  /** Logs whose oldest part is being given up. */
  const dropping = new Set<string>();

  const guarded = async (file: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const abort = new AbortController();
    const done = work(abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) log.warn('cannot rotate a log', { file, error: String(error) });
    });
    busy = { file, abort, done };
    await done;
    busy = null;
  };
  const interrupt = async (file: string): Promise<void> => {
    if (busy?.file !== file) return;
    busy.abort.abort();
    await busy.done;
  };

  const usefulBytes = (file: string): number =>
    (statSync(file, { throwIfNoEntry: false })?.size ?? 0) - readStart(file);
  const isDue = (file: string): boolean =>
    usefulBytes(file) >= maxBytes ||
    (statSync(marksFileOf(file), { throwIfNoEntry: false })?.size ?? 0) >= MAX_MARK_BYTES;

  const rotateAll = async (): Promise<void> => {
    for (const { file, start, archive } of setAsideLogs(folder)) {
      await guarded(file, (signal) => archiveSetAside(file, start, archive, signal));
    }
    if (!(await holes)) return;
    for (const file of liveLogs(folder)) {
      for (let before = Infinity; isDue(file) && !dropping.has(file) && usefulBytes(file) < before;) {
        before = usefulBytes(file);
        await guarded(file, (signal) => rotate(file, options.look, signal));
      }
      prune(file, keptArchives, archiveBytes);
    }
  };
  const rotateDue = (): Promise<void> =>
    (queue = queue
      .then(rotateAll)
      .catch((error: unknown) => log.warn('cannot look after the logs', { folder, error: String(error) })));

  /** Compressing it would take longer than it takes to grow as much again. */
  const dropOldest = async (file: string): Promise<void> => {
    dropping.add(file);
    try {
      await interrupt(file);
      await dropper.dropOldest(file, liveBytes / 6, readStart(file));
      options.look?.(file);
      prune(file, keptArchives, archiveBytes);
    } catch (error) {
      log.warn('cannot give up the oldest part of a log', { file, error: String(error) });
    } finally {
      dropping.delete(file);
    }
  };

  const rotateWhenIdle = (): void => {
    if (busy === null) void rotateDue();
  };
  const timer = setInterval(rotateWhenIdle, lookEveryMs);
  timer.unref();

  return {
    stop: () => clearInterval(timer),
    rotateDue,
    noteSize(file, size, markBytes) {
      const useful = size - readStart(file);
      if (useful > liveBytes && !dropping.has(file)) void dropOldest(file);
      else if (useful >= maxBytes || markBytes >= MAX_MARK_BYTES) rotateWhenIdle();
    },
    async dropRemoved(file, until) {
      await interrupt(file);
      await dropper.dropRemoved(file, until, await holes);
    },
    async prepare(file) {
      // At once, when nothing is under way: the service is launched right after.
      if (busy?.file === file) await interrupt(file);
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat === undefined) return;
      const start = readStart(file);
      if (start === 0 && stat.size < maxBytes) return;
      const archive = newArchive(file, Date.now());
      copyMarks(file, archive, start, Infinity);
      forgetKept(file);
      // Renaming says both at once: this log is closed, and where its useful part begins.
      renameSync(file, setAsideName(archive, start));
      removeStart(file);
      removeMarks(file);
      void rotateDue();
    },
  };
}

/** Keeps the newest archives: so many, and no more than so many bytes. */
function prune(file: string, count: number, bytes: number): void {
  let kept = 0;
  for (const [age, archive] of archivesOf(file).reverse().entries()) {
    kept += statSync(archive, { throwIfNoEntry: false })?.size ?? 0;
    if (age < count && (age === 0 || kept <= bytes)) continue;
    rmSync(archive, { force: true });
    removeMarks(archive);
  }
}

async function rotate(file: string, look: LogRotationOptions['look'], signal: AbortSignal): Promise<void> {
  // One descriptor for all steps: the name may belong to another file before we are done.
  const handle = await openPlainHandle(file, fs.O_RDWR);
  try {
    const { size, ino, dev } = await handle.stat();
    const start = readStart(file);
    const end = await lastLineEnd(handle, start, Math.min(size, start + MAX_ARCHIVED_BYTES));
    if (end <= start) return;
    const archive = newArchive(file, Date.now());
    await compress(file, start, end, archive, signal);
    signal.throwIfAborted();
    look?.(file);
    copyMarks(file, archive, start, end);
    // Whatever happens after this line, `repairArchives` finishes it; before it, the archive does not count.
    writeStart(file, ino, end, archive);
    renameSync(`${archive}.tmp`, archive);
    // Aborted here, the hole is never made: the log is about to be set aside, and `start` says what of it is archived.
    await untilUnread({ dev, ino }, signal);
    await untilFollowed({ dev, ino }, end, signal);
    noteDropped({ dev, ino }, end);
    dropMarks(file, end);
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
  rmSync(`${archive}.tmp`, { force: true });
  try {
    await pipeline(
      source,
      createGzip({ level: constants.Z_BEST_SPEED, chunkSize: COPY_BYTES }),
      // Exclusive: whatever has this name is not ours, and a link of it is not followed.
      createWriteStream(`${archive}.tmp`, { flags: 'wx', mode: 0o640, flush: true }),
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
