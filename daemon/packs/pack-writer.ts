/** Writing a pack, one file after another: memory does not grow with it, and it is under its name only when it is whole. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { KojiboxError } from '../../contract/errors.ts';
import { PACK_MANIFEST, type PackManifest } from '../../core/packs/pack-manifest.ts';
import type { PackWork } from './pack-reader.ts';

export interface PackedFile {
  /** In the pack. */
  readonly path: string;
  /** On this disk. */
  readonly file: string;
  readonly size: number;
  /** For text; packages are compressed already. */
  readonly compress: boolean;
}

/** Rejects with DISK_FULL, PERMISSION_DENIED, NOT_FOUND for a missing folder, or the reason of the signal; nothing is left then. */
export async function writePack(
  target: string,
  manifest: PackManifest,
  files: readonly PackedFile[],
  { signal, progress }: PackWork,
): Promise<void> {
  // Its folder may be one of another user, who could put a link under a name that can be guessed.
  const temporary = `${target}.${randomBytes(8).toString('hex')}.partial`;
  const mtime = new Date(manifest.createdAt);
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`), PACK_MANIFEST, {
    mtime,
    mode: 0o100644,
    compress: false,
  });
  for (const { path, file, compress } of files) zip.addFile(file, path, { mtime, mode: 0o100644, compress });
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  zip.end();
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const count = async function* (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const piece of source) {
      done += piece.length;
      progress?.(Math.min(done, total), total);
      yield piece;
    }
  };
  try {
    await mkdir(dirname(target), { recursive: true });
    const file = createWriteStream(temporary, { flags: 'wx', mode: 0o644, flush: true });
    await pipeline(output, count, file, signal === undefined ? {} : { signal });
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cannotWrite(target, cause);
  }
}

function cannotWrite(target: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new KojiboxError('DISK_FULL', 'cannot write the pack', { detail: target, source: 'packs', cause });
  if (!['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'EEXIST'].includes(code ?? '')) return cause;
  return new KojiboxError('PERMISSION_DENIED', 'cannot write the pack', {
    detail: `${target}: ${cause instanceof Error ? cause.message : ''}`,
    source: 'packs',
    remedy: 'Choose a path that the daemon’s user may write to.',
    cause,
  });
}
