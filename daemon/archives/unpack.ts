/** Unpacking verified archives: to a plain tar first, every header checked, and only then onto the disk. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import xz from 'xz-decompress';
import { scanTar } from './tar-scan.ts';
import { limitBytes, runTool } from './tools.ts';
import { DEFAULT_LIMITS, unsafe, type ArchiveLimits, type TreeGuard } from './tree-guard.ts';

/** Documentation and translations that no runtime needs. */
const LEFT_OUT_OF_DEBS = ['doc', 'man', 'locale', 'lintian', 'bug'].map((name) => `./usr/share/${name}/*`);

/** Real archives reach 20; gzip's bound is 1032. Small ones may be anything. */
const MAX_RATIO = 100;
const SMALL_BYTES = 64_000_000;
/** Headers and padding of a tar, beside the files. */
const TAR_OVERHEAD = 1.2;

export interface UnpackOptions {
  /** Leading folders to drop. */
  readonly strip: number;
  readonly compression: 'gzip' | 'xz';
  readonly limits?: ArchiveLimits;
  readonly signal?: AbortSignal;
}

/**
 * @param folder exists; a plain tar lies beside it for a while
 * @returns unpacked bytes. Rejects with ARCHIVE_UNSAFE before anything was written into `folder`.
 */
export async function unpackTar(archive: string, folder: string, options: UnpackOptions): Promise<number> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const plain = `${folder}.tar`;
  try {
    await decompress(archive, plain, options, await maxUnfolded(archive, limits));
    const { bytes } = await scanTar(plain, limits);
    const args = ['-x', '-f', plain, '-C', folder, '--no-same-owner', '--no-same-permissions'];
    await runTool('tar', archive, [...args, `--strip-components=${options.strip}`], { signal: options.signal });
    return bytes;
  } finally {
    await rm(plain, { force: true });
  }
}

export interface UnpackDebOptions {
  /** One for all packages of a tree. */
  readonly guard: TreeGuard;
  /** File for the plain tar, removed afterwards. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

/** Unpacks a .deb over what is already there, as dpkg would, without running anything of it. Same result and errors as {@link unpackTar}. */
export async function unpackDeb(archive: string, folder: string, options: UnpackDebOptions): Promise<number> {
  const { guard, scratch, signal } = options;
  try {
    const output = { file: scratch, maxBytes: await maxUnfolded(archive, DEFAULT_LIMITS) };
    await runTool('dpkg-deb', archive, ['--fsys-tarfile', archive], { signal, output });
    const { bytes, skipped } = await scanTar(scratch, DEFAULT_LIMITS, guard);
    const args = [
      '-x',
      '-f',
      scratch,
      '-C',
      folder,
      '--no-same-owner',
      '--no-same-permissions',
      '--keep-directory-symlink',
    ];
    const leaveOut = [
      ...LEFT_OUT_OF_DEBS.map((pattern) => `--exclude=${pattern}`),
      ...(skipped.length === 0 ? [] : ['--no-wildcards', '--anchored', ...skipped.map((name) => `--exclude=${name}`)]),
    ];
    await runTool('tar', archive, [...args, ...leaveOut], { signal });
    return bytes;
  } finally {
    await rm(scratch, { force: true });
  }
}

async function maxUnfolded(archive: string, limits: ArchiveLimits): Promise<number> {
  const { size } = await stat(archive);
  return Math.min(limits.maxBytes * TAR_OVERHEAD + limits.maxEntries * 1024, Math.max(SMALL_BYTES, size * MAX_RATIO));
}

async function decompress(archive: string, plain: string, options: UnpackOptions, maxBytes: number): Promise<void> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const packed = createReadStream(archive);
  try {
    if (options.compression === 'gzip') {
      const unzip = createGunzip({ chunkSize: 256 * 1024 });
      await pipeline(packed, unzip, limitBytes(archive, maxBytes), createWriteStream(plain), signal);
    } else {
      const unxz = new xz.XzReadableStream(Readable.toWeb(packed) as unknown as globalThis.ReadableStream<Uint8Array>);
      const unpacked = Readable.fromWeb(unxz as unknown as ReadableStream<Uint8Array>);
      await pipeline(unpacked, limitBytes(archive, maxBytes), createWriteStream(plain), signal);
    }
  } catch (error) {
    if (isDamage(error, options.compression)) throw unsafe(archive, `it is not a whole archive (${error.message})`);
    throw error;
  }
}

/** zlib's errors have codes of their own; those of the xz module have none, unlike all others. */
const isDamage = (error: unknown, compression: UnpackOptions['compression']): error is Error =>
  error instanceof Error &&
  ('code' in error ? String(error.code).startsWith('Z_') : compression === 'xz' && error.name === 'Error');
