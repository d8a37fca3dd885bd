/**
 * The edge beside nginx and Caddy in one run: PHP over HTTPS/1.1 and HTTP/2, a file, an HTTP upstream. The server under test has one core,
 * the load, PHP and the upstream the other; rounds are interleaved, figures are medians. All on loopback, on high ports, in a folder of its own.
 * KOJIBOX_BENCH_SECONDS: length of a round (3). KOJIBOX_BENCH_EDGE: another build of the edge.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { issueLeaf, issueRoot } from '../core/certificates/x509.ts';
import { installPhp, startFpm, type Fpm } from '../tests/integration/edge-php-fpm.ts';
import { freePort } from '../tests/fixtures/free-port.ts';
import { EDGE_USER, residentMb } from '../tests/integration/edge-world.ts';
import { TARGETS, writeConfigurations, writeUpstream, type Setup, type Target } from './edge-targets.ts';
import { installTools } from './edge-tools.ts';
import { median } from './figures.ts';

const ROUNDS = 3;
const SECONDS = Number(process.env['KOJIBOX_BENCH_SECONDS'] ?? 3);
const CONNECTIONS = 64;
const WORKERS = 4;
/** Of the issue; only PHP has one. */
const GOAL = { nginx: 1.0, caddy: 1.8 };
const CASES = [
  { name: 'PHP, HTTPS/1.1', path: '/index.php', tool: 'wrk', hasGoal: true },
  { name: 'PHP, HTTP/2', path: '/index.php', tool: 'h2load', hasGoal: false },
  { name: 'file of 1 KB, HTTPS/1.1', path: '/small.txt', tool: 'wrk', hasGoal: false },
  { name: 'HTTP upstream, HTTPS/1.1', path: '/up', tool: 'wrk', hasGoal: false },
] as const;
type Case = (typeof CASES)[number];

const program = process.env['KOJIBOX_BENCH_EDGE'] ?? new URL('../dist/edge/main.mjs', import.meta.url).pathname;
if (!existsSync(program)) throw new Error(`there is no ${program}: run npm run build first`);
const [tools, php] = [await installTools(), await installPhp()];
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kojibox-bench-')));
const setup: Setup = {
  folder,
  www: join(folder, 'www'),
  certificate: join(folder, 'leaf.pem'),
  key: join(folder, 'leaf.key'),
  ports: { edge: await freePort(), nginx: await freePort(), caddy: await freePort() },
  upstreamPort: await freePort(),
  workers: WORKERS,
  socketOf: (target) => join(folder, `fpm-${target}.sock`),
};
chmodSync(folder, 0o755);
mkdirSync(setup.www);
writeFileSync(join(setup.www, 'index.php'), '<?php echo "hello from php";');
writeFileSync(join(setup.www, 'small.txt'), 'x'.repeat(1024));
const authority = issueRoot({ name: 'Benchmark', domains: ['test', 'localhost'], now: new Date(), days: 2 });
const leaf = issueLeaf({ issuer: authority.issuer, hosts: ['hello.test', 'localhost'], now: new Date(), days: 1 });
writeFileSync(setup.certificate, leaf.certificate + authority.certificate);
writeFileSync(setup.key, leaf.privateKey);
// For its control socket.
if (process.getuid?.() === 0) chownSync(folder, EDGE_USER, EDGE_USER);

const children: ChildProcess[] = [];
const start = (core: number, command: string, ...args: readonly string[]): ChildProcess => {
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', GOMAXPROCS: '1', HOME: folder },
  });
  children.push(child);
  return child;
};

/** CPU time of a process and of its children, ms; proc(5), at 100 ticks a second. */
function cpuMsOf(pid: number): number {
  const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const own = (fields.at(-1) ?? '').split(' ');
  const below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const ofChildren = below === '' ? 0 : below.split(' ').reduce((sum, child) => sum + cpuMsOf(Number(child)), 0);
  return (Number(own[11]) + Number(own[12])) * 10 + ofChildren;
}

interface Load {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

/** Throws when any answer was not the page. */
function load(servers: Readonly<Record<Target, ChildProcess>>, target: Target, { path, tool }: Case): Load {
  const pid = servers[target].pid ?? 0;
  const port = setup.ports[target];
  // wrk names the server only when it is no address, and Caddy wants a name; the hosts file of this machine is left alone.
  const args =
    tool === 'wrk'
      ? ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '-H', 'Host: hello.test', `https://localhost:${port}${path}`]
      : [
          '-t1',
          `-c${CONNECTIONS}`,
          '-m1',
          `-D${SECONDS}`,
          `--connect-to=127.0.0.1:${port}`,
          `https://hello.test:${port}${path}`,
        ];
  const before = cpuMsOf(pid);
  const output = execFileSync('taskset', ['-c', '1', tools[tool], ...args], { encoding: 'utf8' });
  const cpuMs = cpuMsOf(pid) - before;
  const broken = /Non-2xx|connect [1-9]|read [1-9]|write [1-9]|[1-9]\d* [345]xx|[1-9]\d* failed/.exec(output);
  if (broken !== null) throw new Error(`${target}: ${broken[0]}\n${output}`);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)|([\d.]+) req\/s/.exec(output)?.slice(1).find(Boolean));
  if (!(perSecond > 0)) throw new Error(`${target} answered nothing:\n${output}`);
  return { perSecond, cpuMicros: (cpuMs * 1000) / (perSecond * SECONDS) };
}

function page(target: Target, path: string): string {
  const port = setup.ports[target];
  try {
    return execFileSync(
      'curl',
      ['-s', '-k', '--resolve', `hello.test:${port}:127.0.0.1`, `https://hello.test:${port}${path}`],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
  } catch {
    return ''; // Not up yet.
  }
}

const fpms: Fpm[] = [];
let missed = false;
try {
  const prefix = ['taskset', '-c', '1'];
  for (const target of TARGETS)
    fpms.push(await startFpm({ tree: php, folder, socket: setup.socketOf(target), workers: WORKERS, prefix }));
  start(1, tools.nginx, ...writeUpstream(setup));
  const args = writeConfigurations(setup);
  const servers: Readonly<Record<Target, ChildProcess>> = {
    edge: start(0, process.execPath, '--no-warnings', '--max-semi-space-size=16', program, ...args.edge),
    nginx: start(0, tools.nginx, ...args.nginx),
    caddy: start(0, tools.caddy, ...args.caddy),
  };
  const expected = { '/index.php': 'hello from php', '/small.txt': 'x'.repeat(1024), '/up': 'x'.repeat(1024) };
  for (const target of TARGETS) {
    for (const [path, text] of Object.entries(expected)) {
      for (let tries = 0; page(target, path) !== text; tries++) {
        if (tries > 100) throw new Error(`${target} does not serve ${path}: ${page(target, path).slice(0, 200)}`);
        await sleep(100);
      }
    }
  }
  const idleMb = residentMb(servers.edge.pid ?? 0);

  process.stdout.write(
    `${CONNECTIONS} connections, one core for each server, medians of ${ROUNDS} interleaved rounds of ${SECONDS} s\n`,
  );
  for (const each of CASES) {
    const loads: Record<Target, Load[]> = { edge: [], nginx: [], caddy: [] };
    for (let round = 0; round < ROUNDS; round++)
      for (const target of TARGETS) loads[target].push(load(servers, target, each));
    const sum = (target: Target): Load => ({
      perSecond: median(loads[target].map(({ perSecond }) => perSecond)),
      cpuMicros: median(loads[target].map(({ cpuMicros }) => cpuMicros)),
    });
    const [edge, nginx, caddy] = [sum('edge'), sum('nginx'), sum('caddy')];
    process.stdout.write(
      `\n${each.name.padEnd(26)} req/s  × nginx  × Caddy  CPU µs/req  by CPU time: × nginx  × Caddy\n`,
    );
    for (const target of TARGETS) {
      const { perSecond, cpuMicros } = sum(target);
      const cells = [
        perSecond.toFixed(0).padStart(9),
        (perSecond / nginx.perSecond).toFixed(2).padStart(8),
        (perSecond / caddy.perSecond).toFixed(2).padStart(8),
        cpuMicros.toFixed(1).padStart(11),
        (nginx.cpuMicros / cpuMicros).toFixed(2).padStart(18),
        (caddy.cpuMicros / cpuMicros).toFixed(2).padStart(8),
      ];
      process.stdout.write(`  ${target.padEnd(20)} ${cells.join(' ')}\n`);
    }
    if (!each.hasGoal) continue;
    const isMet = edge.perSecond >= GOAL.nginx * nginx.perSecond && edge.perSecond >= GOAL.caddy * caddy.perSecond;
    // How full the cores were: below about 90 % it was PHP and the load, on the other core, that set the pace.
    const busy = TARGETS.map(
      (target) => `${target} ${((sum(target).perSecond * sum(target).cpuMicros) / 1e4).toFixed(0)} %`,
    );
    process.stdout.write(
      `  goal, req/s with one core each: ${GOAL.nginx.toFixed(2)} × nginx and ${GOAL.caddy.toFixed(2)} × Caddy: ${isMet ? 'met' : 'MISSED'} (core in use: ${busy.join(', ')})\n`,
    );
    missed ||= !isMet;
  }
  const loadedMb = residentMb(servers.edge.pid ?? 0);
  process.stdout.write(
    `\nmemory of the edge: ${idleMb.toFixed(0)} MB idle, ${loadedMb.toFixed(0)} MB after the load\n`,
  );
} finally {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all([
    ...fpms.map((fpm) => fpm.stop()),
    ...children.map((child) =>
      child.exitCode === null && child.signalCode === null
        ? new Promise((resolve) => child.once('exit', resolve))
        : null,
    ),
  ]);
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = missed ? 1 : 0;
