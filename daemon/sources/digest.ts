/** Digests of files, read in pieces. */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';

export type DigestAlgorithm = 'sha256' | 'sha512';

const PIECE_BYTES = 512 * 1024;

/** @returns lower-case hex; null when the file is not there */
export async function digestOfFile(file: string, algorithm: DigestAlgorithm): Promise<string | null> {
  const source = await open(file, 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (source === null) return null;
  try {
    const hash = createHash(algorithm);
    // One buffer for the whole file: a stream makes a new one for each piece, and the daemon's memory grows with it.
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    for (;;) {
      const { bytesRead } = await source.read(piece, 0, piece.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await source.close();
  }
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
