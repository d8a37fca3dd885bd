/** Packs that a browser sends: streamed to a file of their own, which is removed when they were installed or are not wanted. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KojiboxError } from '../../contract/errors.ts';

const MAX_BYTES = 8_000_000_000;
/** Beside the file itself. */
const SPARE_BYTES = 200_000_000;

export interface Uploads {
  /** Rejects with PAYLOAD_TOO_LARGE, DISK_FULL, or when the sender goes away; nothing is left then. */
  receive(request: IncomingMessage): Promise<{ path: string }>;
  isOurs(path: string): boolean;
  /** Deletes a file of ours; any other path is left alone. */
  discard(path: string): Promise<void>;
}

export function createUploads(options: { readonly folder: string; freeBytes(path: string): Promise<number> }): Uploads {
  const { folder } = options;
  const isOurs = (path: string): boolean =>
    dirname(path) === folder && /\/install-upload-[0-9a-f]{16}\.kojipack$/.test(path);

  return {
    isOurs,

    async receive(request) {
      const announced = Number(request.headers['content-length'] ?? NaN);
      if (announced > MAX_BYTES) throw tooLarge();
      const room = (await options.freeBytes(folder)) - SPARE_BYTES;
      if (announced > room) throw diskFull(`${folder} has no room for ${Math.round(announced / 1e6)} MB`);
      // A name that the next start of the daemon removes.
      const path = join(folder, `install-upload-${randomBytes(8).toString('hex')}.kojipack`);
      let bytes = 0;
      const limit = async function* (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
        for await (const piece of source) {
          bytes += piece.length;
          if (bytes > MAX_BYTES) throw tooLarge();
          if (bytes > room) throw diskFull(folder);
          yield piece;
        }
      };
      try {
        await pipeline(request, limit, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      } catch (error) {
        await rm(path, { force: true });
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? diskFull(folder) : error;
      }
      return { path };
    },

    async discard(path) {
      if (isOurs(path)) await rm(path, { force: true });
    },
  };
}

const tooLarge = (): KojiboxError =>
  new KojiboxError('PAYLOAD_TOO_LARGE', 'cannot take the pack', {
    detail: `a pack may have ${MAX_BYTES / 1e9} GB`,
    source: 'packs',
    remedy: 'Copy it to this machine and use: koji pack install FILE',
  });

const diskFull = (detail: string): KojiboxError =>
  new KojiboxError('DISK_FULL', 'cannot take the pack', { detail, source: 'packs' });
