/** One helper at a time reads a file and writes it back: several homes, or two requests of one, may start helpers at the same moment. */
import { linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';

/** What is done under the lock takes a fraction of a second; one that is older was left behind. */
const STALE_MS = 10_000;
const LOOK_EVERY_MS = 10;

/** The lock lies beside the file, in a folder that only root may write. Who was killed with it is found out by its process id, or by its age. */
export function exclusively<T>(file: string, work: () => T): T {
  const lock = join(dirname(file), `.${basename(file)}.kojibox-lock`);
  const mine = `${process.pid} ${randomBytes(6).toString('hex')}`;
  while (!take(lock, mine)) {
    breakStale(lock);
    pause(LOOK_EVERY_MS);
  }
  try {
    return work();
  } finally {
    if (read(lock) === mine) rmSync(lock, { force: true });
  }
}

function take(lock: string, mine: string): boolean {
  try {
    // O_EXCL, which follows no link (open(2)).
    writeFileSync(lock, mine, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function breakStale(lock: string): void {
  const [content, found] = [read(lock), lstatSync(lock, { throwIfNoEntry: false })];
  if (content === null || found === undefined) return;
  // Either way the clock was set: by age alone no one is waited for longer than that.
  const isOld = Math.abs(Date.now() - found.mtimeMs) > STALE_MS;
  if (!isOld && (content === '' || isAlive(Number(content.split(' ')[0])))) return;
  // Of several that come to this line one takes it away; that it is still the same one is seen afterwards.
  const aside = `${lock}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(lock, aside);
    if (read(aside) !== content) linkSync(aside, lock);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
