/** A small home (Redis and one site of plain files), disks of the test, and ways to cut a move of the data short. */
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { HomeStatus } from '../../contract/home-move.ts';
import { givePortsApart } from './apart-ports.ts';
import { askDaemon, visitThroughEdge } from './daemon-calls.ts';
import { takePrepared } from './prepared-stack.ts';

const run = promisify(execFile);
const PLAIN = { uid: 65534, gid: 65534 };
export const IS_ROOT = process.getuid?.() === 0;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export type HomeWorld = Awaited<ReturnType<typeof createHomeWorld>>;

/** A folder on another disk than the temporary folder; null where this machine has none. */
export function otherDisk(name: string): string | null {
  if (!existsSync('/dev/shm') || lstatSync('/dev/shm').dev === lstatSync(tmpdir()).dev) return null;
  const folder = mkdtempSync(`/dev/shm/kojibox-${name}-`);
  chmodSync(folder, 0o711);
  return folder;
}

/** @param plain true: everything is done as an unprivileged user (needs root) */
export async function createHomeWorld(plain = false) {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-home-'));
  chmodSync(root, 0o711);
  const program = plain ? join(root, 'program') : process.cwd();
  if (plain) {
    for (const part of ['dist', 'koji', 'package.json']) cpSync(part, join(program, part), { recursive: true });
    cpSync(process.execPath, join(program, 'bin/node'));
    // Only to look at it: the parent of the home has to be the user's own.
    for (const folder of [root, join(root, 'user')]) {
      mkdirSync(folder, { recursive: true });
      chownSync(folder, PLAIN.uid, PLAIN.gid);
    }
  }
  const home = join(root, 'home');
  const killFile = join(root, 'kill-at');
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  if (!plain) givePortsApart(home);
  if (takePrepared(home, ['redis']) && plain) execFileSync('chown', ['-R', `${PLAIN.uid}:${PLAIN.gid}`, home]);
  const environment = {
    ...process.env,
    PATH: `${plain ? join(program, 'bin') : dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: plain ? join(root, 'user') : process.env['HOME'],
    XDG_RUNTIME_DIR: undefined,
    KOJIBOX_HOME: home,
    KOJIBOX_HOSTS_FILE: join(root, 'hosts'),
    ...(plain
      ? {}
      : { NODE_OPTIONS: `--import=file://${resolve('tests/fixtures/updates/kill-at.mjs')}`, KILL_AT_FILE: killFile }),
  };
  const koji = async (...args: string[]): Promise<Result> => {
    const options = { env: environment, cwd: '/', ...(plain ? PLAIN : {}) };
    try {
      return { code: 0, ...(await run(join(program, 'koji'), args, options)) };
    } catch (error) {
      const { code, stdout, stderr } = error as Result;
      return { code, stdout, stderr };
    }
  };
  /** Of the daemon that runs; rejects with the code. */
  const call = <T>(method: string, params: unknown = {}): Promise<T> => askDaemon<T>(home, method, params);
  const redis = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await koji('redis-cli', ...args);
    if (code !== 0) throw new Error(`redis-cli: ${stdout}${stderr}`);
    return stdout.trim();
  };
  const status = (): Promise<HomeStatus> => call<HomeStatus>('home.status');
  const mounted: string[] = [];

  return {
    root,
    home,
    koji,
    call,
    status,
    path: (...parts: string[]) => join(root, ...parts),

    /** Redis with a key in it, and a site below the home. */
    async fill(): Promise<void> {
      const installed = await koji('runtime', 'install', 'redis');
      expect(installed, installed.stdout + installed.stderr).toMatchObject({ code: 0 });
      await call('services.start', { id: 'redis' });
      await redis('set', 'kept', 'by redis');
      const site = join(home, 'app/projects/site');
      mkdirSync(site, { recursive: true });
      writeFileSync(join(site, 'index.html'), 'still here');
      if (plain) execFileSync('chown', ['-R', `${PLAIN.uid}:${PLAIN.gid}`, site]);
      await call('config.setProject', {
        id: 's',
        name: 'S',
        path: site,
        domain: 's.test',
        stack: 'static',
        overrides: {},
      });
      await call('services.start', { id: 'edge' });
    },

    /** A disk of its own; needs root. */
    mount(name: string, options: string): string {
      const folder = join(root, name);
      mkdirSync(folder);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=711,${options}`, 'tmpfs', folder]);
      mounted.push(folder);
      return folder;
    },
    unmount(folder: string): void {
      execFileSync('umount', [folder]);
      mounted.splice(mounted.indexOf(folder), 1);
    },

    /** Whoever writes one of these steps into the journal dies before it does it; each once. */
    killAt: (...steps: string[]): void => writeFileSync(killFile, steps.join(' ')),
    /** What the program that moves said; for messages. */
    moveLog: (): string => {
      const file = join(home, 'app/logs/home-move.log');
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    },
    killed: (): boolean => !existsSync(killFile),

    /** Waits until nothing is moved any more, as a user would see it who asks now and then. */
    async settled(): Promise<HomeStatus> {
      for (;;) {
        // The next `koji` is what ends a move that was cut off.
        await koji('info');
        const now = await status().catch(() => null);
        if (now !== null && now.moveId === null && !existsSync(`${home}.move.json`)) return now;
        await new Promise((wait) => setTimeout(wait, 200));
      }
    },

    /** Exactly one complete home is in use, everything that ran runs from it, and nothing is half done. */
    async expectOneHome(place: string): Promise<void> {
      expect(realpathSync(home)).toBe(place);
      expect(lstatSync(home).isSymbolicLink()).toBe(place !== home);
      const beside = readdirSync(root).filter((name) => name.startsWith('home') && name !== 'home');
      expect(beside.filter((name) => join(root, name) !== place)).toEqual([]);
      expect(existsSync(`${place}.partial`)).toBe(false);
      const services = await call<{ id: string; state: string; pid: number }[]>('services.list');
      const states = services.filter(({ id }) => id === 'redis' || id === 'edge').map(({ state }) => state);
      expect(states).toEqual(['running', 'running']);
      expect(await redis('get', 'kept')).toBe('by redis');
      expect(await visitThroughEdge(home, 's.test')).toBe('200 still here');
      const { pid } = services.find(({ id }) => id === 'redis')!;
      expect(realpathSync(`/proc/${pid}/exe`).startsWith(`${place}/`)).toBe(true);
    },

    async remove(): Promise<void> {
      rmSync(killFile, { force: true });
      await koji('uninstall', '--purge', '--yes');
      for (const folder of [...mounted]) this.unmount(folder);
      rmSync(root, { recursive: true, force: true });
    },
  };
}
