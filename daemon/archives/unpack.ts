/** Unpacking verified archives: to a plain tar first, every header checked, and only then onto the disk. */
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { writeDebContent } from './deb.ts';
import { unpackerFor } from './decompress.ts';
import { extractTar } from './extract-tar.ts';
import { limitBytes } from './limit-bytes.ts';
import { scanTar } from './tar-scan.ts';
import { DEFAULT_LIMITS, type ArchiveLimits, type TreeGuard } from './tree-guard.ts';

/** Documentation and translations that no runtime needs. */
const LEFT_OUT_OF_DEBS = ['doc', 'man', 'locale', 'lintian', 'bug'].map((name) => `usr/share/${name}`);

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
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  try {
    const { size } = await stat(archive);
    const unpacker = unpackerFor(archive, options.compression);
    const source = unpacker.open(createReadStream(archive));
    await unpacker.guard(
      pipeline(source, limitBytes(archive, maxUnfolded(size, limits)), createWriteStream(plain), signal),
    );
    const { bytes, plan } = await scanTar(plain, limits);
    await extractTar(plain, folder, plan, { strip: options.strip, signal: options.signal });
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
  /** Makes the plain tar; default: here. */
  unfold?(archive: string, target: string): Promise<void>;
}

/** Unpacks a .deb over what is already there, as dpkg would, without running anything of it. Same result and errors as {@link unpackTar}. */
export async function unpackDeb(archive: string, folder: string, options: UnpackDebOptions): Promise<number> {
  const { guard, scratch, signal, unfold = unfoldDeb } = options;
  try {
    await unfold(archive, scratch);
    signal?.throwIfAborted();
    const { bytes, plan } = await scanTar(scratch, DEFAULT_LIMITS, guard);
    await extractTar(scratch, folder, plan, { leaveOut: LEFT_OUT_OF_DEBS, mergesTrees: true, signal });
    return bytes;
  } finally {
    await rm(scratch, { force: true });
  }
}

/** @param check called with the bytes before anything is made of them */
export async function unfoldDeb(archive: string, target: string, check?: (bytes: Buffer) => void): Promise<void> {
  // As a whole in memory: what was checked is what is unpacked, whatever happens to the file in between.
  const bytes = await readFile(archive);
  check?.(bytes);
  await writeDebContent(archive, bytes, target, maxUnfolded(bytes.length, DEFAULT_LIMITS));
}

function maxUnfolded(size: number, limits: ArchiveLimits): number {
  return Math.min(limits.maxBytes * TAR_OVERHEAD + limits.maxEntries * 1024, Math.max(SMALL_BYTES, size * MAX_RATIO));
}
