/** From a fetched archive to a whole version beside the others. Nothing that is in use is touched. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import type { System } from '../../core/system/system.ts';
import type { Release } from '../../core/updater/feed.ts';
import {
  NEEDED_FILES,
  STAGING_PREFIX,
  VERSIONS_FOLDER,
  versionFolder,
  type InstallLayout,
} from '../../core/updater/install-layout.ts';
import { flushTree } from '../archives/flush.ts';
import { unpackTar } from '../archives/unpack.ts';
import { assertDigest } from '../sources/digest.ts';
import { LAUNCHER, syncFolder } from '../system/folder-links.ts';

/** An archive lies beside its tree as a plain tar while it is unpacked; headless packages unfold to about four times their size. */
const ROOM_PER_BYTE = 8;
const SELF_CHECK_MS = 60_000;

/** What the package says of itself; written by scripts/release. */
const PackageSchema = z.object({
  version: z.string(),
  kojibox: z.object({ package: z.literal('headless'), os: z.string(), arch: z.string() }),
});

/** Rejects with DISK_FULL when there is not enough room to unpack. */
export async function assertRoom(system: System, install: InstallLayout, release: Release): Promise<void> {
  const needed = release.size * ROOM_PER_BYTE;
  const free = await system.files.freeBytes(install.folder);
  if (free >= needed) return;
  throw new KojiboxError('DISK_FULL', `cannot update to ${release.version}`, {
    detail: `${install.folder} has ${megabytes(free)} free; ${megabytes(needed)} are needed`,
    source: 'updater',
  });
}

/** Rejects with DIGEST_MISMATCH unless the file is what was signed for, to the byte. Wrong ones are discarded. */
export async function verifyArchive(archive: string, release: Release): Promise<void> {
  const { size } = await stat(archive);
  if (size !== release.size) {
    await rm(archive, { force: true });
    throw new KojiboxError('DIGEST_MISMATCH', `cannot trust the archive of ${release.version}`, {
      detail: `it has ${size} bytes; ${release.size} were signed for`,
      source: 'updater',
    });
  }
  await assertDigest(archive, 'sha256', release.sha256);
}

/** @returns the unpacked version. Rejects with ARCHIVE_UNSAFE or DISK_FULL; the staging folder is then to be removed. */
export async function unpackVersion(
  archive: string,
  install: InstallLayout,
  version: string,
  signal: AbortSignal,
): Promise<string> {
  const staging = join(install.versions, `${STAGING_PREFIX}${randomBytes(4).toString('hex')}`);
  await mkdir(staging, { mode: 0o755 });
  try {
    await unpackTar(archive, staging, { strip: 0, compression: 'gzip', signal });
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new KojiboxError('DISK_FULL', `cannot update to ${version}`, {
      detail: `${install.folder} is full`,
      source: 'updater',
      cause: error,
    });
  }
  return join(staging, VERSIONS_FOLDER, version);
}

/** Rejects with UPDATE_INVALID unless this is the wanted version for this machine, whole, and its programs start here. */
export async function checkVersion(system: System, tree: string, version: string): Promise<void> {
  const refuse = (detail: string): KojiboxError =>
    new KojiboxError('UPDATE_INVALID', `cannot update to ${version}`, { detail, source: 'updater' });
  const missing = NEEDED_FILES.filter((name) => !existsSync(join(tree, name)));
  if (missing.length > 0) throw refuse(`the archive lacks ${missing.join(', ')}`);
  const description = PackageSchema.safeParse(JSON.parse(await readFile(join(tree, 'package.json'), 'utf8')));
  if (!description.success)
    throw refuse(`its package.json is none of a headless package: ${description.error.message}`);
  const { version: found, kojibox } = description.data;
  if (found !== version) throw refuse(`the archive holds version ${found}`);
  const { os, arch } = system.host;
  if (kojibox.os !== os || kojibox.arch !== arch)
    throw refuse(`the archive is for ${kojibox.os}-${kojibox.arch}; this machine is ${os}-${arch}`);
  const env = Object.fromEntries(
    Object.entries(system.host.environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const result = await system.processes
    .run(join(tree, LAUNCHER.file), ['update', 'self-check'], { env, timeoutMs: SELF_CHECK_MS })
    .catch((error: unknown) => ({
      exitCode: null,
      stdout: '',
      stderr: error instanceof Error ? error.message : String(error),
    }));
  if (result.exitCode !== 0 || result.stdout.trim() !== version)
    throw refuse(
      `its programs do not start here: ${(result.stderr || result.stdout).trim().split('\n').slice(-3).join(' | ')}`,
    );
}

/** Brings the tree to the disk, then to its place, in one step. */
export async function placeVersion(install: InstallLayout, tree: string, version: string): Promise<void> {
  await flushTree(tree);
  const target = versionFolder(install, version);
  await rm(target, { recursive: true, force: true }); // Of an update that failed, or was killed before it was switched to.
  await rename(tree, target);
  syncFolder(install.versions);
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
