/**
 * Rotation of service logs without losing a line, although the service holds the file open: what is there is copied into a compressed
 * archive, then its blocks are given back with a hole (fallocate(2), FALLOC_FL_PUNCH_HOLE). Appends go on at the end and are never touched.
 */
import { createReadStream, createWriteStream, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import type { Logger } from '../../core/system/logger.ts';

const LOOK_EVERY_MS = 5000;
const MAX_BYTES = 10 * 1024 * 1024;
const KEPT_ARCHIVES = 5;
const BLOCK = 4096;
const run = promisify(execFile);

export interface LogRotation {
  stop(): void;
  /** Rotates what is due now; for tests and for a clean end. */
  rotateDue(): Promise<void>;
}

/** @param maxBytes of useful content in the live file */
export function startLogRotation(folder: string, log: Logger, maxBytes = MAX_BYTES): LogRotation {
  let running: Promise<void> = Promise.resolve();

  const rotateDue = async (): Promise<void> => {
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.log'))) {
      try {
        await rotate(folder, name, maxBytes);
      } catch (error) {
        log.warn('cannot rotate a log', { name, error: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  const timer = setInterval(() => {
    running = running.then(rotateDue);
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    stop: () => clearInterval(timer),
    rotateDue: () => (running = running.then(rotateDue)),
  };
}

/** Where the useful content begins: everything before is in archives. */
const startFile = (folder: string, name: string): string => join(folder, `.${name}.start`);

function readStart(folder: string, name: string, size: number): number {
  try {
    const start = Number(readFileSync(startFile(folder, name), 'utf8'));
    return Number.isInteger(start) && start >= 0 && start <= size ? start : 0;
  } catch {
    return 0; // Never rotated, or the file is a new one.
  }
}

async function rotate(folder: string, name: string, maxBytes: number): Promise<void> {
  const file = join(folder, name);
  const { size } = statSync(file);
  const start = readStart(folder, name, size);
  if (size - start < maxBytes) return;
  const end = await lastLineEnd(file, size);
  if (end <= start) return;

  const archive = join(folder, `${name.replace(/\.log$/, '')}.${new Date().toISOString().replaceAll(/[:.]/g, '-')}.log.gz`);
  const temporary = `${archive}.tmp`;
  await pipeline(createReadStream(file, { start, end: end - 1, highWaterMark: 1 << 20 }), createGzip({ level: 1 }), createWriteStream(temporary));
  const handle = await open(temporary, 'r+');
  await handle.sync();
  await handle.close();
  await rename(temporary, archive);
  // From here on the archive has it. If we die before the hole, the next rotation begins after it.
  writeFileSync(startFile(folder, name), String(end));
  const hole = Math.floor(end / BLOCK) * BLOCK;
  if (hole > 0) await run('fallocate', ['--punch-hole', '--offset', '0', '--length', String(hole), file]);
  forgetOldArchives(folder, name);
}

/** A line that is being written stays whole in the live file. */
async function lastLineEnd(file: string, size: number): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const length = Math.min(size, 1 << 20);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const newline = buffer.lastIndexOf(10);
    return newline === -1 ? size : size - length + newline + 1;
  } finally {
    await handle.close();
  }
}

function forgetOldArchives(folder: string, name: string): void {
  const prefix = `${name.replace(/\.log$/, '')}.`;
  const archives = readdirSync(folder).filter((entry) => entry.startsWith(prefix) && entry.endsWith('.log.gz')).sort();
  for (const old of archives.slice(0, -KEPT_ARCHIVES)) rmSync(join(folder, old));
}
