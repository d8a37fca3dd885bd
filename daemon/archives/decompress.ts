/** Streams of packed archives, unfolded without a program of the system. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import xz from 'xz-decompress';
import { unsafe } from './tree-guard.ts';

export type Compression = 'none' | 'gzip' | 'xz' | 'zstd';

const PIECE_BYTES = 256 * 1024;

export interface Unpacker {
  open(packed: Readable): Readable;
  /** Turns the decoder's own errors into ARCHIVE_UNSAFE; those of the disk stay. */
  guard<Value>(work: Promise<Value>): Promise<Value>;
}

/** @param archive for messages */
export function unpackerFor(archive: string, compression: Compression): Unpacker {
  return {
    open(packed) {
      switch (compression) {
        case 'none':
          return packed;
        case 'gzip':
          return join(packed, createGunzip({ chunkSize: PIECE_BYTES }));
        case 'zstd':
          return join(packed, createZstdDecompress({ chunkSize: PIECE_BYTES }));
        case 'xz':
          return Readable.fromWeb(
            new xz.XzReadableStream(
              Readable.toWeb(packed) as unknown as globalThis.ReadableStream<Uint8Array>,
            ) as unknown as ReadableStream<Uint8Array>,
          );
      }
    },
    async guard(work) {
      try {
        return await work;
      } catch (error) {
        if (isDamage(error, compression)) throw unsafe(archive, `it is not a whole archive (${error.message})`);
        throw error;
      }
    },
  };
}

function join(packed: Readable, unfold: ReturnType<typeof createGunzip>): Readable {
  packed.on('error', (error) => unfold.destroy(error));
  return packed.pipe(unfold);
}

/** zlib's errors have codes of their own; those of the xz module have none, unlike all others. */
const isDamage = (error: unknown, compression: Compression): error is Error =>
  error instanceof Error &&
  ('code' in error ? /^(Z_|ZSTD_)/.test(String(error.code)) : compression === 'xz' && error.name === 'Error');
