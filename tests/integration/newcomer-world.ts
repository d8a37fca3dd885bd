/** Running the checkout as a newcomer would: `npm start -- --headless` in a home of its own, as root or as a plain user. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** `nobody`: exists everywhere and owns nothing. */
const PLAIN = { uid: 65534, gid: 65534 };

export interface World {
  readonly home: string;
  readonly hostsFile: string;
  readonly checkout: string;
  readonly user: { uid: number; gid: number } | null;
  remove(): void;
}

/** @param plain true: a copy of the checkout that belongs to an unprivileged user (needs root) */
export function createWorld(plain: boolean): World {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-newcomer-'));
  // As on many machines: a space (`Application Support`) and a letter that is not ASCII.
  const home = join(root, 'Jürgens home');
  // In a folder of its own: who owns the folder may replace the file, and a plain user does not own /etc.
  const hostsFile = join(root, 'etc', 'hosts');
  // Services of a root daemon run as another user, who has to pass.
  chmodSync(root, 0o711);
  mkdirSync(home, { mode: 0o755 });
  mkdirSync(dirname(hostsFile));
  writeFileSync(hostsFile, '127.0.0.1 localhost\n');
  const checkout = plain ? join(root, 'kojibox') : process.cwd();
  if (plain) {
    // Thirty thousand files: one program is faster than as many calls.
    mkdirSync(checkout);
    const names = readdirSync('.').filter((name) => !['.git', 'test-results', '.cache'].includes(name));
    spawnSyncChecked('cp', ['-a', ...names, checkout]);
    rmSync(join(checkout, 'node_modules/.cache'), { recursive: true, force: true });
    // The hosts file stays root's: a plain user may not change it, and gets *.localhost names.
    chownAll(home);
    chownAll(checkout);
  }
  return {
    home,
    hostsFile,
    checkout,
    user: plain ? PLAIN : null,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };

  function chownAll(path: string): void {
    spawnSyncChecked('chown', ['-R', `${PLAIN.uid}:${PLAIN.gid}`, path]);
    chownSync(root, PLAIN.uid, PLAIN.gid);
  }
}

function spawnSyncChecked(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args);
  if (result.status !== 0) throw new Error(`${command} ended with ${result.status ?? 'a signal'}`);
}

/** Runs `./koji` of the checkout as the newcomer. */
export function koji(world: World, ...args: readonly string[]): { code: number | null; stdout: string } {
  const { status, stdout } = spawnSync(join(world.checkout, 'koji'), args, {
    cwd: world.checkout,
    encoding: 'utf8',
    env: environmentOf(world),
    ...world.user,
  });
  return { code: status, stdout };
}

const environmentOf = (world: World): Record<string, string> => ({
  PATH: `${join(process.execPath, '..')}:/usr/local/bin:/usr/bin:/bin`,
  HOME: world.home,
  LANG: 'C.UTF-8',
  KOJIBOX_HOSTS_FILE: world.hostsFile,
  ...(world.user === null ? { KOJIBOX_HOME: join(world.home, 'kojibox') } : {}),
  ...(process.env['NODE_EXTRA_CA_CERTS'] === undefined
    ? {}
    : { NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] }),
});

export interface Started {
  readonly child: ChildProcess;
  /** The link on the line `ready …`. */
  readonly url: string;
  readonly msToReady: number;
  output(): string;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
  /** Sends the signal to npm itself, waits for its end, and returns its exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

export async function startAsNewcomer(world: World, deadlineMs: number): Promise<Started> {
  const began = performance.now();
  const child = spawn('npm', ['start', '--', '--headless'], {
    cwd: world.checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentOf(world),
    ...world.user,
  });
  let text = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${why}\n${text}`));
    const timer = setTimeout(() => fail(`not ready after ${deadlineMs} ms`), deadlineMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const link = /^ready (https:\/\/\S+)$/m.exec(text)?.[1];
        if (link === undefined) return;
        clearTimeout(timer);
        resolve(link);
      });
    }
    void ended.then((code) => fail(`npm start ended with ${code ?? 'a signal'}`));
  });
  return {
    child,
    url,
    msToReady: performance.now() - began,
    output: () => text,
    ended,
    stop(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

export const kojiboxHome = (world: World): string =>
  world.user === null ? join(world.home, 'kojibox') : join(world.home, '.local/share/kojibox');

/** GET with the local authority as the only trusted one; the name is taken to 127.0.0.1 as a browser would. */
export function get(world: World, url: string): Promise<{ status: number; body: string }> {
  const { hostname, port, pathname } = new URL(url);
  const ca = readFileSync(join(kojiboxHome(world), 'app/certs/root-ca.pem'));
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: port === '' ? 443 : Number(port),
        servername: hostname,
        path: pathname,
        headers: { host: new URL(url).host },
        ca,
        agent: false,
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

/** Command lines of processes that belong to this world. */
export function processesOf(world: World): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return line.includes(kojiboxHome(world)) || environment.includes(`KOJIBOX_HOME=${kojiboxHome(world)}`)
          ? [`${pid} ${line}`]
          : [];
      } catch {
        return []; // It ended while we looked.
      }
    });
}
