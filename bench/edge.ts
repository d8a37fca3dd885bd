/**
 * PHP over HTTPS: the edge, nginx (fastcgi_pass) and Caddy (php_fastcgi) side by side, one core for each in turn, the load and PHP on the other.
 * Needs nginx, caddy, wrk and taskset; installs them when root on Debian. Everything stays on loopback, on high ports, in a folder of its own.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EdgeConfig } from '../contract/edge.ts';
import { createStackWorld } from '../tests/integration/stack-world.ts';
import { usage } from '../daemon/system/process-facts.linux.ts';
import { median } from './figures.ts';

const ROUNDS = 3;
const SECONDS = Number(process.env['KOJIBOX_BENCH_SECONDS'] ?? 4);
const CONNECTIONS = 64;
const PORTS = { edge: 29443, nginx: 29444, caddy: 29445 } as const;
type Name = keyof typeof PORTS;

const missing = ['nginx', 'caddy', 'wrk', 'taskset'].filter(
  (name) => !existsSync(`/usr/bin/${name}`) && !existsSync(`/usr/sbin/${name}`),
);
if (missing.length > 0) {
  if (process.getuid?.() !== 0)
    throw new Error(`${missing.join(', ')} are missing: apt install nginx-light caddy wrk util-linux`);
  execFileSync(
    'apt-get',
    ['-qq', '-y', 'install', '--no-install-recommends', 'nginx-light', 'caddy', 'wrk', 'util-linux'],
    { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } },
  );
}

const world = createStackWorld();
await world.koji('up', '--json');
await world.koji('stop', 'edge');
const folder = join(world.root, 'bench');
const www = join(folder, 'www');
mkdirSync(www, { recursive: true, mode: 0o755 });
writeFileSync(join(www, 'index.php'), '<?php echo "hello from php";');
const certificate = world.path('app/certs/hello.test.pem');
const key = world.path('app/certs/hello.test.key');
const socket = join(folder, 'fpm.sock');
const php = world.path(
  /"(runtime\/bin\/php\/[^"]+)"/.exec(readFileSync(world.path('runtime/lock.json'), 'utf8'))?.[1] ?? '',
);

writeFileSync(
  join(folder, 'fpm.conf'),
  `[global]\nerror_log = ${folder}/fpm.log\ndaemonize = no\n[www]\nlisten = ${socket}\nlisten.mode = 0666\nlisten.backlog = 1024\npm = static\npm.max_children = 12\n${process.getuid?.() === 0 ? 'user = nobody\ngroup = nogroup\n' : ''}`,
);
writeFileSync(
  join(folder, 'nginx.conf'),
  `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit; events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
upstream php { server unix:${socket}; keepalive 4; }
server { listen 127.0.0.1:${PORTS.nginx} ssl http2; ssl_certificate ${certificate}; ssl_certificate_key ${key}; root ${www}; index index.php;
location ~ \\.php$ { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_keep_conn on; fastcgi_pass php; } } }\n`,
);
writeFileSync(
  join(folder, 'Caddyfile'),
  `{\n  admin off\n  auto_https off\n  default_sni hello.test\n  log {\n    level ERROR\n  }\n}\nhttps://hello.test:${PORTS.caddy}, https://localhost:${PORTS.caddy} {\n  tls ${certificate} ${key}\n  root * ${www}\n  php_fastcgi unix/${socket}\n}\n`,
);
const edgeConfig: EdgeConfig = {
  schemaVersion: 1,
  generation: 1,
  addresses: ['127.0.0.1'],
  httpPort: null,
  httpsPort: PORTS.edge,
  controlSocket: join(folder, 'edge.sock'),
  fallbackCertificate: certificate,
  fallbackKey: key,
  runAs: null,
  sites: [
    {
      hosts: ['hello.test'],
      name: 'hello',
      certificate,
      key,
      routes: [
        {
          path: '/',
          route: { type: 'php', documentRoot: www, socket, service: 'php', env: {}, frontController: 'index.php' },
        },
      ],
    },
  ],
};
writeFileSync(join(folder, 'edge.json'), JSON.stringify(edgeConfig));

const start = (core: number, command: string, ...args: string[]): ChildProcess =>
  spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: 'ignore',
    env: { ...process.env, GOMAXPROCS: '1', HOME: folder },
  });
const fpm = start(
  1,
  join(php, 'usr/sbin/php-fpm8.2'),
  '-n',
  '-c',
  join(php, 'usr/bin/php.ini'),
  '-F',
  '-y',
  join(folder, 'fpm.conf'),
);
const servers: Readonly<Record<Name, ChildProcess>> = {
  edge: start(
    0,
    process.execPath,
    '--no-warnings',
    '--max-semi-space-size=16',
    'dist/edge/main.mjs',
    join(folder, 'edge.json'),
  ),
  nginx: start(0, 'nginx', '-e', 'stderr', '-c', join(folder, 'nginx.conf')),
  caddy: start(0, 'caddy', 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'),
};

interface Load {
  readonly perSecond: number;
  /** Of the server, all its processes. */
  readonly cpuMicros: number;
}

/** Throws when any answer was not the page. */
async function load(name: Name): Promise<Load> {
  const cpuMs = async (): Promise<number> => (await usage(servers[name].pid ?? 0))?.cpuMs ?? 0;
  const before = await cpuMs();
  // Caddy wants a server name; wrk sends one only when it is no address.
  const target =
    name === 'caddy'
      ? [`https://localhost:${PORTS.caddy}/index.php`]
      : ['-H', 'Host: hello.test', `https://127.0.0.1:${PORTS[name]}/index.php`];
  const output = execFileSync('taskset', ['-c', '1', 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, ...target], {
    encoding: 'utf8',
  });
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`${name}: ${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
    cpuMicros: (((await cpuMs()) - before) * 1000) / requests,
  };
}

try {
  // wrk looks the name up; the hosts file of this machine is left alone.
  for (const name of Object.keys(PORTS) as Name[]) {
    for (let tries = 0; ; tries++) {
      const page = spawnCurl(name);
      if (page === 'hello from php') break;
      if (tries > 100) throw new Error(`${name} does not serve the page: ${page}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const loads: Record<Name, Load[]> = { edge: [], nginx: [], caddy: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const name of Object.keys(PORTS) as Name[]) loads[name].push(await load(name));
  const sum = (name: Name): Load => ({
    perSecond: median(loads[name].map(({ perSecond }) => perSecond)),
    cpuMicros: median(loads[name].map(({ cpuMicros }) => cpuMicros)),
  });
  const [nginx, caddy] = [sum('nginx'), sum('caddy')];
  process.stdout.write(
    `PHP over HTTPS/1.1, ${CONNECTIONS} connections, one core, medians of ${ROUNDS} interleaved rounds of ${SECONDS} s\n`,
  );
  process.stdout.write('         req/s   × nginx  × Caddy   CPU µs/req   per CPU second: × nginx  × Caddy\n');
  for (const name of Object.keys(PORTS) as Name[]) {
    const { perSecond, cpuMicros } = sum(name);
    const cells = [
      perSecond.toFixed(0).padStart(6),
      (perSecond / nginx.perSecond).toFixed(2).padStart(8),
      (perSecond / caddy.perSecond).toFixed(2).padStart(8),
    ];
    const cpu = [
      cpuMicros.toFixed(1).padStart(12),
      (nginx.cpuMicros / cpuMicros).toFixed(2).padStart(24),
      (caddy.cpuMicros / cpuMicros).toFixed(2).padStart(8),
    ];
    process.stdout.write(`${name.padEnd(8)} ${[...cells, ...cpu].join(' ')}\n`);
  }
  process.stdout.write('goals: at least 1.00 × nginx and 1.80 × Caddy\n');
} finally {
  for (const child of [...Object.values(servers), fpm]) child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 500));
  world.remove();
}

function spawnCurl(name: Name): string {
  try {
    return execFileSync(
      'curl',
      ['-s', '-k', '--resolve', `hello.test:${PORTS[name]}:127.0.0.1`, `https://hello.test:${PORTS[name]}/index.php`],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
  } catch {
    return ''; // Not up yet.
  }
}
