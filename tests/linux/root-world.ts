/** A clean clone inside another root file system, run by a plain user in a mount namespace of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { run } from './roots.ts';

const USER = '1000:1000';
const CHECKOUT = 'home/dev/kojibox';
const HOME = 'home/dev/.local/share/kojibox';

/** Copies the files of this checkout, and no others, into the root; node_modules is bound later. */
export function cloneInto(root: string): void {
  const target = join(root, CHECKOUT);
  run('sh', [
    '-c',
    'mkdir -p "$0/node_modules" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$0"',
    target,
  ]);
  writeFileSync(join(target, 'runtime/archives/debian.json'), JSON.stringify(officialAddresses()));
  run('chown', ['-R', USER, join(root, 'home/dev')]);
  mkdirSync('node_modules/.vite-temp', { recursive: true });
}

/** A release carries the addresses of archives; those of this machine stand for them where the root has no apt. */
function officialAddresses(): Record<'debian' | 'security', readonly string[]> {
  const uris = run('sh', ['-c', 'cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true']).match(
    /https?:\/\/\S+/g,
  );
  const ending = (end: string): string[] => [...new Set(uris)].filter((uri) => uri.endsWith(end));
  return { debian: ending('/debian'), security: ending('/debian-security') };
}

/** Arguments of unshare(1) that run `line` in the root as the plain user, from the folder of the clone. */
const inside = (root: string, line: string): string[] => [
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-ec',
  [
    'mount --rbind /proc "$0/proc"',
    'mount --rbind /sys "$0/sys"',
    'mount --rbind /dev "$0/dev"',
    `mount --bind "$1" "$0/${CHECKOUT}/node_modules"`,
    `mount -o remount,bind,ro "$0/${CHECKOUT}/node_modules"`,
    // The build writes here, and nowhere else in it.
    `mount -t tmpfs -o mode=1777,size=8m tmpfs "$0/${CHECKOUT}/node_modules/.vite-temp"`,
    `exec chroot --userspec=${USER} "$0" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/dev USER=dev LANG=C.UTF-8 \\
      sh -c "cd /${CHECKOUT}; $2"`,
  ].join('\n'),
  root,
  join(process.cwd(), 'node_modules'),
  line,
];

/** @returns what the command printed to stdout; @throws Error with stderr when it fails */
export function runInside(root: string, line: string): string {
  const { status, stdout, stderr } = spawnSync('unshare', inside(root, line), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${line} ended with ${status ?? 'a signal'}: ${stderr}${stdout}`);
  return stdout;
}

export interface StartedInside {
  readonly url: string;
  output(): string;
  /** Sends SIGINT, as Ctrl-C does, and returns the exit code. */
  interrupt(): Promise<number | null>;
}

/** `npm start -- --headless`, until it names the first site. */
export async function startInside(root: string, deadlineMs: number): Promise<StartedInside> {
  const child: ChildProcess = spawn('unshare', inside(root, 'exec npm start -- --headless'), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const interrupt = (): Promise<number | null> => {
    child.kill('SIGINT');
    return ended;
  };
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => {
      void interrupt();
      reject(new Error(`${why}\n${text}`));
    };
    const timer = setTimeout(() => fail(`no site after ${deadlineMs / 1000} s`), deadlineMs);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const link = /^ready (https:\/\/\S+)$/m.exec(text)?.[1];
        if (link === undefined) return;
        clearTimeout(timer);
        resolve(link);
      });
    void ended.then((code) => fail(`npm start ended with ${code ?? 'a signal'}`));
  });
  return { url, output: () => text, interrupt };
}

/** Asks a site of the root on this machine's loopback, and trusts the authority of that home only. */
export function getFrom(root: string, url: string): Promise<{ status: number; body: string }> {
  const { hostname, port, pathname, host } = new URL(url);
  const ca = readFileSync(join(root, HOME, 'app/certs/root-ca.pem'));
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: port === '' ? 443 : port,
        servername: hostname,
        path: pathname,
        headers: { host },
        ca,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => (body += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

/** Command lines of what runs in the root. */
export const processesIn = (root: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/root`) === root
          ? [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`]
          : [];
      } catch {
        return []; // It ended while we looked.
      }
    });
