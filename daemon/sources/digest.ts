/** Digests of files, read in pieces. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KojiboxError } from '../../contract/errors.ts';

export type DigestAlgorithm = 'sha256' | 'sha512';

/** @returns lower-case hex; null when the file is not there */
export async function digestOfFile(file: string, algorithm: DigestAlgorithm): Promise<string | null> {
  const hash = createHash(algorithm);
  try {
    await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return hash.digest('hex');
}

/** To be called immediately before the file is used. A wrong file is discarded; rejects with DIGEST_MISMATCH. */
export async function assertDigest(file: string, algorithm: DigestAlgorithm, wanted: string): Promise<void> {
  if ((await digestOfFile(file, algorithm)) === wanted) return;
  await rm(file, { force: true });
  throw new KojiboxError('DIGEST_MISMATCH', `cannot trust ${basename(file)}`, {
    detail: `its ${algorithm} is not the one that was signed for`,
    source: 'runtime',
  });
}
