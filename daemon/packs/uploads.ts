/** Files that a browser sends: streamed to a file of their own, which is removed when it was used or is not wanted. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { basename, dirname, join } from 'node:path';
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

export interface UploadsOptions {
  readonly folder: string;
  /** For people: "pack". */
  readonly what: string;
  /** Begins and ends the name of each file. */
  readonly name: readonly [start: string, end: string];
  /** How the same is done with a file that is on this machine. */
  readonly instead: string;
  freeBytes(path: string): Promise<number>;
}

export function createUploads(options: UploadsOptions): Uploads {
  const { folder, what } = options;
  const [start, end] = options.name;
  const isOurs = (path: string): boolean => {
    const name = basename(path);
    const middle = name.slice(start.length, name.length - end.length);
    return dirname(path) === folder && name === `${start}${middle}${end}` && /^[0-9a-f]{16}$/.test(middle);
  };
  const tooLarge = (): KojiboxError =>
    new KojiboxError('PAYLOAD_TOO_LARGE', `cannot take the ${what}`, {
      detail: `a ${what} may have ${MAX_BYTES / 1e9} GB`,
      source: 'daemon',
      remedy: `Copy it to this machine and use: ${options.instead}`,
    });
  const diskFull = (detail: string): KojiboxError =>
    new KojiboxError('DISK_FULL', `cannot take the ${what}`, { detail, source: 'daemon' });

  return {
    isOurs,

    async receive(request) {
      const announced = Number(request.headers['content-length'] ?? NaN);
      if (announced > MAX_BYTES) throw tooLarge();
      const room = (await options.freeBytes(folder)) - SPARE_BYTES;
      if (announced > room) throw diskFull(`${folder} has no room for ${Math.round(announced / 1e6)} MB`);
      // A name that the next start of the daemon removes.
      const path = join(folder, `${start}${randomBytes(8).toString('hex')}${end}`);
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
