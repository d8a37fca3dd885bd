/** php-fpm from the product's own installer, for the tests and the benchmark of the edge. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createRuntimesWorld, never, silent } from './runtimes-world.ts';
import { until } from './edge-world.ts';

/** Kept between runs: installing takes ten seconds and never gives anything else. */
const home = join(tmpdir(), `kojibox-test-runtimes-${userInfo().uid}`);
/** A server that must not be root; nobody. */
const SERVICE_USER = 65_534;

/** Root of the installed tree. */
export async function installPhp(): Promise<string> {
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o755);
  const { runtimes } = await createRuntimesWorld(home);
  const installed = await runtimes.ensure('php', undefined, silent, never());
  return runtimes.treePath(installed);
}

export interface Fpm {
  readonly pid: number;
  /** Master and workers are gone when it resolves. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface FpmOptions {
  readonly tree: string;
  /** For its configuration and its log. */
  readonly folder: string;
  readonly socket: string;
  readonly workers: number;
  /** Put before the command, e.g. `taskset -c 1`. */
  readonly prefix?: readonly string[];
}

/** Resolves when it accepts. */
export async function startFpm({ tree, folder, socket, workers, prefix = [] }: FpmOptions): Promise<Fpm> {
  const isRoot = userInfo().uid === 0;
  const config = `${socket}.conf`;
  const log = `${socket}.log`;
  writeFileSync(
    config,
    `[global]
error_log = ${log}
daemonize = no
systemd_interval = 0
[site]
listen = ${socket}
listen.mode = 0666
listen.backlog = 511
pm = static
pm.max_children = ${workers}
catch_workers_output = yes
clear_env = no
`,
  );
  for (const old of [socket, log]) rmSync(old, { force: true });
  chmodSync(folder, 0o777);
  const version = /\/php\/(\d+\.\d+)/.exec(tree)?.[1] ?? '8.2';
  const [command = '', ...args] = [
    ...prefix,
    join(tree, `usr/sbin/php-fpm${version}`),
    ...['-n', '-c', join(tree, 'usr/bin/php.ini'), '-d', 'post_max_size=0', '-d', 'output_buffering=0'],
    ...['-F', '-y', config],
  ];
  const child: ChildProcess = spawn(command, args, {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder },
    detached: true,
    ...(isRoot ? { uid: SERVICE_USER, gid: SERVICE_USER } : {}),
  });
  const output = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await until(() => {
    if (child.exitCode !== null) throw new Error(`php-fpm ended: ${output()}`);
    return existsSync(socket) && output().includes('ready to handle connections');
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    stop: (signal = 'SIGTERM') =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        child.once('exit', () => resolve());
        // The whole group for SIGKILL: orphaned workers would go on serving.
        if (signal === 'SIGKILL') process.kill(-pid, signal);
        else child.kill(signal);
      }),
  };
}
