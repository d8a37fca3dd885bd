/**
 * A room: this machine as seen through an overlay, in name spaces of its own (mounts, processes, network). What is written, installed or set
 * in the kernel's network settings in there is gone with it, so that programs can really run as root and change /etc. See unshare(1),
 * mount(8) "overlay". Needs root.
 */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of the user in the room, who may not change anything by themselves. */
export const USER = { name: 'roomer', uid: 4217 } as const;
/** Where the checkout is in the room, read-only. */
export const APP = '/opt/kojibox';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly user?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface Room {
  run(command: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Program and arguments that run the command in the room, for `spawn`. */
  enter(command: readonly string[], options?: RunOptions): [string, string[]];
  /** Stdout of a command that must succeed. */
  sh(script: string, options?: RunOptions): Promise<string>;
  /** Path of a file in the room as this process sees it; to be read, not written. */
  path(path: string): string;
  remove(): Promise<void>;
}

const MOUNT = `set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 kojibox-room "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay kojibox-room -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t tmpfs -o mode=1777 tmp "$1/root/tmp"
mount -t tmpfs run "$1/root/run"
mkdir -p "$1/root/opt/kojibox"
mount --bind -o ro "$2" "$1/root/opt/kojibox"
ip link set lo up
echo ready
exec cat`;

/** Why there can be none here, or null. Found out by making one. */
export function whyNoRoom(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const folder = mkdtempSync(join(tmpdir(), 'kojibox-room-'));
  try {
    execFileSync(
      'unshare',
      ['-m', '-n', '-p', '-f', '--kill-child', 'sh', '-c', MOUNT, 'room', folder, process.cwd()],
      {
        input: '',
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    );
    return null;
  } catch (error) {
    return `no overlay in a name space of its own: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param packages of Debian; downloaded before the room is closed, installed in it */
export async function createRoom(packages: readonly string[] = []): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'kojibox-room-'));
  const archives = packages.length === 0 ? null : downloadPackages(packages);
  const holder = spawn(
    'unshare',
    ['-m', '-n', '-p', '-f', '--kill-child', 'sh', '-c', MOUNT, 'room', folder, process.cwd()],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('exit', (code) => reject(new Error(`the room ended with ${code ?? 'a signal'}`)));
  });
  const inside = childOf(holder);
  const enter = ['-t', String(inside), '-m', '-n', '-p', 'chroot'];
  const root = join(folder, 'root');

  const enterWith: Room['enter'] = (command, options = {}) => {
    const who = options.user === true ? [`--userspec=${USER.uid}:${USER.uid}`, root] : [root];
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: options.user === true ? `/home/${USER.name}` : '/root',
      LANG: 'C.UTF-8',
      USER: options.user === true ? USER.name : 'root',
      ...options.env,
    };
    const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return ['nsenter', [...enter, ...who, 'env', '-i', ...assignments, ...command]];
  };
  const run: Room['run'] = (command, options = {}) =>
    new Promise((resolve) => {
      const child = execFile(
        ...enterWith(command, options),
        { timeout: options.timeoutMs ?? 60_000, maxBuffer: 32 * 1024 * 1024 },
        (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr }),
      );
      child.stdin?.on('error', () => undefined); // It ended before it read all.
      child.stdin?.end(options.input ?? '');
    });
  const sh: Room['sh'] = async (script, options) => {
    const ended = await run(['sh', '-c', script], options);
    if (ended.code !== 0) throw new Error(`"${script}" ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
    return ended.stdout;
  };
  const room: Room = {
    run,
    enter: enterWith,
    sh,
    path: (path) => `/proc/${inside}/root${root}${path}`,
    async remove() {
      const gone = new Promise((resolve) => holder.once('exit', resolve));
      holder.stdin.end();
      await gone;
      for (const left of [folder, archives]) if (left !== null) rmSync(left, { recursive: true, force: true });
    },
  };

  await sh(`useradd --create-home --shell /bin/sh --uid ${USER.uid} ${USER.name}`);
  // Three public authorities instead of 140: update-ca-certificates(8) then takes a moment, not seconds.
  await sh(
    `grep -v '^#' /etc/ca-certificates.conf | head -3 > /tmp/few; cat /tmp/few > /etc/ca-certificates.conf; update-ca-certificates --fresh >/dev/null 2>&1 || true`,
  );
  if (archives !== null) {
    const into = room.path('/tmp/archives');
    mkdirSync(into);
    cpSync(archives, into, { recursive: true });
    await sh(
      'DEBIAN_FRONTEND=noninteractive dpkg --unpack --force-depends /tmp/archives/*.deb >/tmp/dpkg.log 2>&1; DEBIAN_FRONTEND=noninteractive dpkg --configure -a >>/tmp/dpkg.log 2>&1 || cat /tmp/dpkg.log',
    );
  }
  return room;
}

/** A pseudo terminal (script(1)) in which koji runs; `type` answers what is asked. */
export function inTerminal(
  room: Room,
  command: string,
  type?: { when: RegExp; keys: string; until?: RegExp },
  more: Record<string, string> = {},
): Promise<Ended> {
  const [file, args] = room.enter(['script', '-qec', command, '/dev/null'], {
    user: true,
    env: { TERM: 'dumb', ...more },
  });
  return new Promise((resolve) => {
    const child = spawn(file, args, { timeout: 60_000 });
    let stdout = '';
    let answered = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (answered || type?.when.test(stdout) !== true) return;
      answered = true;
      // Again and again: sudo does not hear a key in the moment between its prompt and its reading.
      const pressing = setInterval(() => child.stdin.write(type.keys), 200);
      child.once('close', () => clearInterval(pressing));
      child.stdout.on('data', () => type.until?.test(stdout) === true && clearInterval(pressing));
    });
    child.stdin.on('error', () => undefined); // It ended while a key was pressed.
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr: '' }));
  });
}

/** The first process in the name spaces: unshare's child. */
function childOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

/** With what they need and this machine does not have, from the sources of this machine. */
function downloadPackages(packages: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'kojibox-debs-'));
  mkdirSync(join(folder, 'partial'));
  execFileSync(
    'apt-get',
    [
      'install',
      '-y',
      '--no-install-recommends',
      '--download-only',
      '-o',
      `Dir::Cache::archives=${folder}`,
      '-o',
      'APT::Sandbox::User=root',
      '-o',
      'Debug::NoLocking=1',
      ...packages,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 },
  );
  rmSync(join(folder, 'partial'), { recursive: true });
  return folder;
}
