/** Root file systems of other Linux releases, made with mmdebstrap(1) and kept as archives between runs. Needs root. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { makeAlien } from './alien.ts';

export interface LinuxRoot {
  readonly name: string;
  readonly suite: string;
  /** True: without any part of Debian that a program could lean on. */
  readonly isAlien: boolean;
  /** The bundle of certificates that the programs of this system trust. */
  readonly bundle: string;
}

const debian = (name: string, suite: string): LinuxRoot => ({
  name,
  suite,
  isAlien: false,
  bundle: 'etc/ssl/certs/ca-certificates.crt',
});

const ALIEN_BUNDLE = 'etc/pki/tls/certs/ca-bundle.crt';
/** As Fedora lays it out. Made of a Debian, whose files then lie elsewhere. */
const alien: LinuxRoot = { name: 'a Linux without apt', suite: 'trixie', isAlien: true, bundle: ALIEN_BUNDLE };

export const SHORT: readonly LinuxRoot[] = [debian('Debian 13', 'trixie'), alien];
export const ALL: readonly LinuxRoot[] = [
  debian('Debian 11', 'bullseye'),
  debian('Debian 12', 'bookworm'),
  ...SHORT,
  debian('Debian testing', 'testing'),
];

/** What Node needs, and the certificates. */
const PACKAGES = ['ca-certificates', 'libstdc++6'];
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kojibox-test-roots');

export function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`);
  return stdout;
}

function archiveOf(suite: string): string {
  const archive = join(cache, `${suite}.tar`);
  if (existsSync(archive)) return archive;
  if (spawnSync('mmdebstrap', ['--version']).status !== 0)
    run('apt-get', ['-qq', '-y', 'install', '--no-install-recommends', 'mmdebstrap']);
  mkdirSync(cache, { recursive: true });
  const partial = join(cache, `${suite}.partial.tar`);
  run('mmdebstrap', [
    '--quiet',
    '--variant=minbase',
    '--mode=root',
    `--include=${PACKAGES.join(',')}`,
    // The index of testing is signed for one week; a copy of it may be older.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    suite,
    partial,
  ]);
  renameSync(partial, archive);
  return archive;
}

/** @returns a folder with the root file system, Node and npm, and a user `dev` (1000); the caller removes it */
export function makeRoot(root: LinuxRoot): string {
  const archive = archiveOf(root.suite);
  const folder = mkdtempSync(join(tmpdir(), 'kojibox-linux-'));
  run('tar', ['--extract', '--file', archive, '--directory', folder, '--numeric-owner', '--exclude=./dev/*']);
  if (root.isAlien) makeAlien(folder, ALIEN_BUNDLE);
  copyFileSync(process.execPath, join(folder, 'usr/local/bin/node'));
  cpSync(npmFolder(), join(folder, 'usr/local/lib/node_modules/npm'), { recursive: true });
  run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/local/bin/npm')]);
  for (const name of ['resolv.conf', 'hosts']) copyFileSync(`/etc/${name}`, join(folder, 'etc', name));
  appendFileSync(join(folder, 'etc/passwd'), 'dev:x:1000:1000::/home/dev:/bin/sh\n');
  appendFileSync(join(folder, 'etc/group'), 'dev:x:1000:\n');
  mkdirSync(join(folder, 'home/dev'), { recursive: true });
  run('chmod', ['755', folder]);
  return folder;
}

export const removeRoot = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });

function npmFolder(): string {
  const link = run('sh', ['-c', 'readlink -f "$(command -v npm)"']).trim();
  return resolve(dirname(link), '..');
}
