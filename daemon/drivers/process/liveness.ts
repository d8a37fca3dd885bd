/**
 * Seeing the end of a process that is not our child. The service holds the write end of a FIFO; when the last holder ends, the read end
 * sees end-of-file at once (pipe(7)). Workers may outlive their master and hold it too, so the process itself is looked at every second.
 */
import { constants, closeSync, openSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { Socket } from 'node:net';

const LOOK_EVERY_MS = 1000;

/** Opens the write end to give to a service; makes the FIFO when there is none. The caller closes it after the spawn. */
export function openAliveEnd(file: string): number {
  // Reading and writing at once never blocks on a FIFO in Linux (fifo(7)).
  const flags = constants.O_RDWR | constants.O_NONBLOCK;
  try {
    return openSync(file, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    execFileSync('mkfifo', ['-m', '600', file]);
    return openSync(file, flags);
  }
}

/** Resolves when `isAlive` says no: asked at end-of-file, and every second. */
export function waitForEnd(file: string, isAlive: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const pipe = openReadEnd(file);
    const check = (): void => {
      if (isAlive()) return;
      clearInterval(timer);
      pipe?.destroy();
      resolve();
    };
    const timer = setInterval(check, LOOK_EVERY_MS);
    timer.unref();
    pipe?.on('close', () => {
      // The kernel closes descriptors a moment before the process is a zombie.
      check();
      setTimeout(check, 2);
      setTimeout(check, 20);
    });
    check();
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
    pipe.on('error', () => pipe.destroy());
    pipe.resume();
    return pipe;
  } catch {
    closeSync(descriptor);
    return null; // Not a pipe on this system: the look every second remains.
  }
}
