/** Headless installations made from dist/, archives of other versions of it, a feed signed with keys of the test, and one home for all. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { DaemonFile } from '../../contract/daemon.ts';
import type { RuntimeManifest } from '../../contract/manifest.ts';
import type { ServiceState } from '../../contract/services.ts';
import type { UpdateStatus } from '../../contract/updater.ts';
import { signManifest } from '../../core/runtimes/manifest.ts';
import { signFeed, type UnsignedFeed } from '../../core/updater/feed.ts';
import { archiveName, layOutInstallation, packInstallation, writeDescription } from '../../scripts/release/headless.ts';
import { givePortsApart } from './apart-ports.ts';
import { askDaemon, daemonFileOf, isUnheard } from './daemon-calls.ts';
import { takePrepared } from './prepared-stack.ts';
import { startUpdateServer, type UpdateServer } from './update-server.ts';

const run = promisify(execFile);
const HERE = { os: 'linux', arch: 'x64' } as const;
type FeedRelease = UnsignedFeed['releases'][number];

export interface Key {
  readonly publicKey: string;
  readonly privateKey: string;
}
export function makeKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

export interface Variant {
  /** Put before the daemon's program, for what it should do instead of starting. */
  readonly daemonStart?: string;
  /** What the package says of itself, where that is not the truth. */
  readonly described?: { readonly os: 'linux' | 'windows'; readonly arch: 'x64' };
  /** Its edge takes no new configuration, as one that does not know all of it. */
  readonly deafEdge?: boolean;
  /** A file of so many zeros, which an archive hardly shows. */
  readonly zeros?: number;
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type UpdateWorld = Awaited<ReturnType<typeof createUpdateWorld>>;

export async function createUpdateWorld() {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-update-'));
  chmodSync(root, 0o711);
  const home = join(root, 'home');
  mkdirSync(home, { mode: 0o711 });
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  givePortsApart(home);
  takePrepared(home, ['redis']);
  const server: UpdateServer = await startUpdateServer();
  const keys = { first: makeKey(), second: makeKey() };
  const killFile = join(root, 'kill-at');
  const baseVersion = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
  const environment = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    KOJIBOX_HOME: home,
    KOJIBOX_HOSTS_FILE: join(root, 'hosts'),
    KOJIBOX_UPDATE_FEED: `${server.url}/feed.json`,
    NODE_OPTIONS: `--import=file://${resolve('tests/fixtures/updates/kill-at.mjs')}`,
    KILL_AT_FILE: killFile,
  };

  const manifest = JSON.parse(readFileSync('runtime/manifest.json', 'utf8')) as RuntimeManifest;
  const manifestOf = (createdAt: string, key = keys.first): string =>
    JSON.stringify(signManifest({ ...manifest, bundle: { ...manifest.bundle, createdAt } }, key.privateKey));

  /** dist/ as it would be of that version, with the keys of the test. Files that stay the same are hard links. */
  const buildVersion = (tree: string, version: string, variant: Variant = {}): void => {
    const sameDisk = lstatSync(tree).dev === lstatSync(resolve('dist')).dev;
    for (const name of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
      const source = join('dist', name);
      if (name === '.stamp' || name.startsWith('electron') || name.endsWith('.map') || name.startsWith('runtime/keys/'))
        continue;
      const target = join(tree, 'dist', name);
      if (lstatSync(source).isDirectory()) mkdirSync(target, { recursive: true });
      else if (variant.deafEdge === true && name === 'edge/main.mjs')
        writeFileSync(target, readFileSync(source, 'utf8').replace('"/reload"', '"/none"'));
      else if (/^(cli|daemon)\//.test(name)) {
        const text = readFileSync(source, 'utf8').replaceAll(`"${baseVersion}"`, `"${version}"`);
        const start = name === 'daemon/main.mjs' && variant.daemonStart !== undefined ? variant.daemonStart : '';
        writeFileSync(target, start + text);
      } else if (sameDisk) linkSync(source, target);
      else cpSync(source, target);
    }
    mkdirSync(join(tree, 'dist/runtime/keys'), { recursive: true });
    for (const [name, { publicKey }] of Object.entries(keys))
      writeFileSync(join(tree, `dist/runtime/keys/${name}.pub.pem`), publicKey);
    rmSync(join(tree, 'dist/runtime/manifest.json'));
    writeFileSync(join(tree, 'dist/runtime/manifest.json'), manifestOf(manifest.bundle.createdAt));
    cpSync('koji', join(tree, 'koji'));
    if (variant.zeros !== undefined) writeFileSync(join(tree, 'zeros'), Buffer.alloc(variant.zeros));
    writeDescription(tree, version, variant.described ?? HERE);
  };

  /** Puts an archive of that version on the server. @returns its entry for the feed */
  const publish = (version: string, variant: Variant = {}): FeedRelease => {
    const folder = join(root, `pack-${version}`);
    buildVersion(layOutInstallation(folder, version), version, variant);
    const name = archiveName(version, HERE);
    const described = packInstallation(folder, join(root, name));
    server.files.set(name, readFileSync(join(root, name)));
    rmSync(folder, { recursive: true });
    rmSync(join(root, name));
    return { version, channel: 'stable', ...HERE, url: name, ...described };
  };

  let minute = 0;
  /** Puts a feed on the server, newer than all before unless told otherwise. */
  const offer = (
    releases: readonly FeedRelease[],
    change: { key?: Key; createdAt?: string; runtimeManifest?: UnsignedFeed['runtimeManifest'] } = {},
  ): void => {
    const createdAt = change.createdAt ?? new Date(Date.UTC(2030, 0, 1, 0, minute++)).toISOString();
    const feed: UnsignedFeed = {
      schemaVersion: 1,
      createdAt,
      releases: [...releases],
      ...(change.runtimeManifest === undefined ? {} : { runtimeManifest: change.runtimeManifest }),
    };
    server.files.set('feed.json', signFeed(feed, (change.key ?? keys.first).privateKey));
  };

  let install = '';
  let installs = 0;
  const koji = async (...args: string[]): Promise<Result> => kojiWith({}, ...args);
  const kojiWith = async (extra: Record<string, string>, ...args: string[]): Promise<Result> => {
    try {
      return { code: 0, ...(await run(join(install, 'koji'), args, { env: { ...environment, ...extra } })) };
    } catch (error) {
      const { code, stdout, stderr } = error as Result;
      return { code, stdout, stderr };
    }
  };
  /** Of the daemon; where none runs, one is started. */
  const call = async <T>(method: string, params: unknown = {}): Promise<T> => {
    try {
      return await askDaemon<T>(home, method, params);
    } catch (error) {
      if (!isUnheard(error)) throw error;
      return callByCommand<T>(method, params);
    }
  };
  const callByCommand = async <T>(method: string, params: unknown = {}): Promise<T> => {
    const { code, stdout, stderr } = await koji('call', method, JSON.stringify(params));
    if (code !== 0) throw new Error(`${method}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as T;
  };
  const daemonFile = (): DaemonFile => daemonFileOf(home);

  return {
    root,
    home,
    server,
    keys,
    manifestOf,
    manifestCreatedAt: manifest.bundle.createdAt,
    publish,
    offer,
    koji,
    kojiWith,
    call,
    daemonFile,
    install: () => install,
    status: () => call<UpdateStatus>('updater.status'),

    /** Replaces the installation by a fresh one of this version, and its daemon; services go on. */
    async freshInstallation(
      version: string,
      options: { at?: string; env?: Record<string, string>; variant?: Variant } = {},
    ): Promise<void> {
      if (install !== '') await koji('quit', '--keep-services');
      const former = install;
      install = options.at ?? join(root, `install-${installs++}`);
      buildVersion(layOutInstallation(install, version), version, options.variant);
      const started = await kojiWith(options.env ?? {}, 'info');
      expect(started.stderr).toBe('');
      if (former !== '') rmSync(former, { recursive: true });
    },

    /** The next process that writes this step into the journal dies before it does it. */
    killAt: (step: string): void => writeFileSync(killFile, step),
    /** What the program that switches said; for messages. */
    updateLog: (): string => {
      const file = join(home, 'app/logs/update.log');
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    },
    killed: (): boolean => !existsSync(killFile),

    /** Code of the error that a command ended with. */
    async refusal(...args: string[]): Promise<string | undefined> {
      const { stdout } = await koji(...args, '--json');
      return (JSON.parse(stdout) as { error?: { code: string } }).error?.code;
    },

    /** Waits until no update runs, as a user would see it who asks now and then. */
    async settled(): Promise<UpdateStatus> {
      for (;;) {
        // By the command, which goes on with an update that was left behind.
        const now = await callByCommand<UpdateStatus>('updater.status').catch(() => null);
        if (now?.updateId === null) return now;
        await new Promise((wait) => setTimeout(wait, 300));
      }
    },

    /** Exactly one version is in use, it works, and nothing is half done. */
    async expectOneWorking(version: string, beside: readonly string[] = []): Promise<void> {
      expect(readlinkSync(join(install, 'current'))).toBe(`versions/${version}`);
      expect((await koji('--version')).stdout.trim()).toBe(version);
      expect((await call<{ version: string }>('daemon.info')).version).toBe(version);
      expect(readdirSync(join(install, 'versions')).sort()).toEqual([version, ...beside].sort());
      expect(
        readdirSync(install).filter((name) => !/^(current|koji|versions|update-record\.json)$/.test(name)),
      ).toEqual([]);
      const { url, pid } = daemonFile();
      expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok', version });
      expect((await fetch(url)).status).toBe(200);
      expect(readlinkSync(`/proc/${pid}/exe`)).toContain('node');
      // No daemon and no guardian of another version is left.
      const running = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => {
          try {
            return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
          } catch {
            return ''; // It ended while we looked.
          }
        })
        .filter((line) => line.includes(`${install}/`) && line.includes('dist/daemon/main.mjs'));
      for (const line of running) expect(line).toContain(`/versions/${version}/`);
    },

    service: async (id: string): Promise<ServiceState> => {
      const all = await call<ServiceState[]>('services.list');
      return all.find((service) => service.id === id)!;
    },

    async remove(): Promise<void> {
      rmSync(killFile, { force: true });
      if (install !== '') await koji('quit');
      await server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
