/**
 * The headless package: an archive that holds `versions/<version>/`, the link `current` to it, and the link `koji`. Unpacked into an empty
 * folder it is an installation; the updater takes the version out of it and puts it beside the others.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Platform {
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'x64' | 'arm64';
}

export const archiveName = (version: string, { os, arch }: Platform): string =>
  `kojibox-${version}-${os}-${arch}.tar.gz`;

export interface NamedRelease extends Platform {
  readonly version: string;
  readonly package: 'headless' | 'app';
}

/** The platform and version in the name of an archive; null for other files. */
export function parseArchiveName(name: string): NamedRelease | null {
  const [, version, os, arch] =
    /^kojibox-(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)?)-(linux|darwin|windows)-(x64|arm64)\.tar\.gz$/.exec(name) ?? [];
  if (version === undefined) return null;
  return { version, os: os as Platform['os'], arch: arch as Platform['arch'], package: 'headless' };
}

/**
 * The same for what `npm run dist` makes and the desktop app updates itself with: AppImage, deb, rpm, zip of macOS, installer of Windows.
 * electron-builder has words of its own for systems and processors.
 */
export function parseInstallerName(name: string): NamedRelease | null {
  const [, version, system, processor] =
    /^kojibox-(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)?)-(linux|mac|win)-(x64|x86_64|amd64|arm64|aarch64)\.(?:AppImage|deb|rpm|zip|exe)$/.exec(name) ??
    [];
  if (version === undefined) return null;
  const os = ({ linux: 'linux', mac: 'darwin', win: 'windows' } as const)[system as 'linux' | 'mac' | 'win'];
  return { version, os, arch: processor === 'arm64' || processor === 'aarch64' ? 'arm64' : 'x64', package: 'app' };
}

/** What a version says of itself; the updater refuses one that is not what the feed said. */
export function writeDescription(tree: string, version: string, { os, arch }: Platform): void {
  const description = {
    name: 'kojibox',
    version,
    license: 'MIT',
    private: true,
    type: 'module',
    kojibox: { package: 'headless', os, arch },
  };
  writeFileSync(join(tree, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
}

/** Makes the folders and links of an installation. @returns the folder for the version */
export function layOutInstallation(folder: string, version: string): string {
  const tree = join(folder, 'versions', version);
  mkdirSync(tree, { recursive: true });
  symlinkSync(`versions/${version}`, join(folder, 'current'));
  symlinkSync('current/koji', join(folder, 'koji'));
  return tree;
}

/** Packs an installation; the same files give the same bytes. @returns what the feed says of it */
export function packInstallation(folder: string, archive: string): { sha256: string; size: number } {
  const plain = `${archive}.tar`;
  const settled = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  run('tar', [...settled, '-cf', plain, '-C', folder, 'versions', 'current', 'koji']);
  const packed = run('gzip', ['-9nc', plain]);
  writeFileSync(archive, packed);
  rmSync(plain);
  return describeFile(archive);
}

export function describeFile(file: string): { sha256: string; size: number } {
  return { sha256: createHash('sha256').update(readFileSync(file)).digest('hex'), size: statSync(file).size };
}

/** @returns standard output; throws what the program said when it fails */
export function run(command: string, args: readonly string[], cwd?: string): Buffer {
  const result = spawnSync(command, args, {
    maxBuffer: 1024 ** 3,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr.toString()}`);
  return result.stdout;
}
