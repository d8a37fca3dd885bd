/**
 * Seeing the end of a process that is not our child. The service holds the write end of a FIFO; when the last holder ends, the read end
 * sees end-of-file at once (pipe(7)). Workers may outlive their master and hold it too, and a program may close what it inherited,
 * so end-of-file only means "look now", and the process itself is looked at every second as well.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';

const LOOK_EVERY_MS = 1000;
/** The kernel closes descriptors a moment before the process counts as dead. */
const LOOKS_AFTER_END_MS = [0, 1, 2, 5, 10, 20, 50];

/** Opens the write end to give to a service; makes the FIFO when there is none. The caller closes it after the spawn. */
export function openAliveEnd(file: string): number {
  const found = openFifo(file);
  if (found !== null) return found;
  rmSync(file, { force: true });
  execFileSync('mkfifo', ['-m', '600', file]); // Node has no mkfifo(3); once per service and home.
  const made = openFifo(file);
  if (made === null) throw new Error(`${file} is no FIFO`);
  return made;
}

/** Null when there is none, or something else of that name. */
function openFifo(file: string): number | null {
  let descriptor: number;
  try {
    // Reading and writing at once never blocks on a FIFO in Linux (fifo(7)).
    descriptor = openSync(file, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  if (fstatSync(descriptor).isFIFO()) return descriptor;
  closeSync(descriptor);
  return null;
}

/** Resolves when `isAlive` says no: asked at end-of-file, and every second. Rejects with the signal's reason when that aborts. */
export function waitForEnd(file: string, isAlive: () => boolean, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const pipe = openReadEnd(file);
    const looks = new Set<NodeJS.Timeout>();
    const finish = (): void => {
      clearInterval(every);
      for (const timer of looks) clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      pipe?.removeAllListeners('close');
      pipe?.destroy();
    };
    const onAbort = (): void => {
      finish();
      reject(signal?.reason as Error);
    };
    const look = (): void => {
      if (isAlive()) return;
      finish();
      resolve();
    };
    const every = setInterval(look, LOOK_EVERY_MS);
    every.unref();
    signal?.addEventListener('abort', onAbort, { once: true });
    pipe?.on('close', () => {
      for (const ms of LOOKS_AFTER_END_MS) looks.add(setTimeout(look, ms));
    });
    look();
  });
}

function openReadEnd(file: string): Socket | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null; // No FIFO: the look every second remains.
  }
  try {
    const pipe = new Socket({ fd: descriptor, readable: true, writable: false });
    pipe.on('error', () => pipe.destroy()); // 'close' follows, and a look at the process with it.
    pipe.resume();
    pipe.unref();
    return pipe;
  } catch {
    closeSync(descriptor);
    return null; // Not a pipe on this system: the look every second remains.
  }
}
