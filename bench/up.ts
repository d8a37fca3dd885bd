/** `koji up` with everything installed; services ready against a bare parallel shell script with the same programs and flags; the idle daemon. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ServiceState } from '../contract/services.ts';
import type { ProbeSpec } from '../core/services/health.ts';
import { probeRunner } from '../daemon/system/probes/probe-runner.ts';
import { createStackWorld } from '../tests/integration/stack-world.ts';
import { median, report } from './figures.ts';

const ROUNDS = 5;
const IDS = ['postgres', 'mariadb', 'redis', 'php'];

const world = createStackWorld();
await world.koji('up', '--json');

/** From the first launch to the last answer. */
const readyMs = (services: readonly ServiceState[]): number => {
  const four = services.filter(({ id }) => IDS.includes(id));
  const begun = four.map(({ startedAt }) => Date.parse(startedAt ?? ''));
  return Math.max(...four.map((service, index) => (begun[index] ?? 0) + (service.readyMs ?? 0))) - Math.min(...begun);
};

const commandOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
const services = await world.services();
const run = world.path('run');
const ports = (id: string): number => services.find((service) => service.id === id)?.ports[0]?.port ?? 0;
const probes: readonly ProbeSpec[] = [
  {
    type: 'postgres',
    address: { host: '127.0.0.1', port: ports('postgres') },
    user: 'kojibox',
    statusFile: world.path('runtime/data/postgres/17/postmaster.pid'),
  },
  { type: 'mariadb', address: { socket: `${run}/mariadb.sock` } },
  { type: 'redis', address: { socket: `${run}/redis.sock` }, password: '' },
  { type: 'fastcgi', address: { socket: `${run}/php.sock` }, path: '/fpm-ping' },
];
// Redis and php-fpm write something else into their command line, so theirs are put together from what is known.
const tree = (name: string): string =>
  readFileSync(world.path('runtime/lock.json'), 'utf8').match(new RegExp(`"(runtime/bin/${name}/[^"]+)"`))?.[1] ?? '';
const commands: readonly string[][] = [
  commandOf(services.find(({ id }) => id === 'postgres')?.pid ?? 0),
  commandOf(services.find(({ id }) => id === 'mariadb')?.pid ?? 0),
  [
    world.path(tree('redis'), 'usr/bin/redis-server'),
    '--bind',
    '127.0.0.1',
    '--port',
    String(ports('redis')),
    '--dir',
    world.path('runtime/data/redis/7.0'),
    '--save',
    '60',
    '1',
    '--unixsocket',
    `${run}/redis.sock`,
  ],
  [
    world.path(tree('php'), 'usr/sbin/php-fpm8.2'),
    '-n',
    '-c',
    world.path(tree('php'), 'usr/bin/php.ini'),
    '-F',
    '-y',
    world.path('runtime/config/php/fpm.conf'),
  ],
];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: it is gone.
  }
}

/** A shell that starts all four at once, as the user that Kojibox would take; probed every 2 ms. */
async function floor(): Promise<number> {
  const asUser = process.getuid?.() === 0 ? 'setpriv --reuid=65534 --regid=65534 --clear-groups ' : '';
  const script = commands
    .map((command) => `${asUser}${command.map((word) => `'${word}'`).join(' ')} >/dev/null 2>&1 & echo $!`)
    .join('\n');
  const began = performance.now();
  const shell = spawn('sh', ['-c', `${script}\nwait`], { stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' });
  let pids = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (pids += text));
  await Promise.all(
    probes.map(async (probe) => {
      while (!(await probeRunner.probe(probe, 1000)).ok) await new Promise((resolve) => setTimeout(resolve, 2));
    }),
  );
  const ms = performance.now() - began;
  // Each by its pid: php-fpm leads a session of its own and would outlive the shell's group.
  const started = pids.trim().split('\n').map(Number);
  for (const pid of started) process.kill(pid, 'SIGTERM');
  while (started.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 10));
  return ms;
}

const up: number[] = [];
const ready: number[] = [];
const bare: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  await world.koji('quit');
  bare.push(await floor());
  const began = performance.now();
  await world.koji('up', '--json');
  up.push(performance.now() - began);
  ready.push(readyMs(await world.services()));
}
report('koji up, everything installed, to HTTPS 200', `${median(up).toFixed(0)} ms`, 'at most 1000 ms', up);
report('four services ready', `${median(ready).toFixed(0)} ms`, '', ready);
report('the same four from a bare shell script', `${median(bare).toFixed(0)} ms`, '', bare);
report('ratio', (median(ready) / median(bare)).toFixed(2), 'at most 1.25');

const { pid } = world.daemonFile();
const cpuTicks = (): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};
await new Promise((resolve) => setTimeout(resolve, 5000));
const before = cpuTicks();
await new Promise((resolve) => setTimeout(resolve, 30_000));
report('idle daemon, CPU over 30 s', `${((cpuTicks() - before) / 30).toFixed(2)} %`, 'under 0.5 %');
report(
  'idle daemon, resident',
  `${(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024).toFixed(0)} MB`,
  'at most 80 MB',
);
world.remove();
