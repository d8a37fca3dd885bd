/** One file over HTTP(S): goes on where it was cut off (RFC 9110 section 14), tries again with growing waits, never keeps a wrong file. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { rootCertificates } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';
import { KojiboxError } from '../../contract/errors.ts';
import { digestOfFile } from './digest.ts';

const TRIES = 4;
const IDLE_MS = 20_000;
const MAX_REDIRECTS = 5;

export interface DownloadOptions {
  readonly algorithm: 'sha256' | 'sha512';
  /** Lower-case hex. */
  readonly digest: string;
  /** PEM authorities to trust besides the built-in ones. */
  readonly authorities?: readonly string[];
  readonly signal: AbortSignal;
  progress(doneBytes: number, totalBytes: number | null): void;
}

/** Puts the file at `file`; one that is already there with the right digest is used. Rejects with DOWNLOAD_FAILED or DIGEST_MISMATCH. */
export async function download(url: string, file: string, options: DownloadOptions): Promise<void> {
  const { algorithm, digest, signal } = options;
  if ((await digestOfFile(file, algorithm)) === digest) return;
  await rm(file, { force: true });
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  let failure = '';
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await wait(250 * 2 ** attempt, undefined, { signal });
    try {
      await fetchInto(url, partial, options);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
      failure = error instanceof Error ? error.message : String(error);
      continue;
    }
    if ((await digestOfFile(partial, algorithm)) === digest) {
      await rename(partial, file);
      return;
    }
    await rm(partial, { force: true });
    // Once may be a resumed file whose first part came from elsewhere; twice is the source.
    if (attempt > 0) {
      throw new KojiboxError('DIGEST_MISMATCH', `cannot trust ${file.split('/').at(-1) ?? file}`, {
        detail: `its ${algorithm} is not the one in the signed manifest`,
        source: 'runtime',
      });
    }
    failure = 'the digest was wrong';
  }
  throw new KojiboxError('DOWNLOAD_FAILED', `cannot fetch ${file.split('/').at(-1) ?? file}`, {
    detail: `${failure}, after ${TRIES} tries`,
    source: 'runtime',
  });
}

async function fetchInto(url: string, partial: string, options: DownloadOptions): Promise<void> {
  const have = (await stat(partial).catch(() => null))?.size ?? 0;
  const response = await open(url, have, options, MAX_REDIRECTS);
  const status = response.statusCode ?? 0;
  if (status === 416) {
    response.resume();
    return; // All of it is there; the digest decides.
  }
  if (status !== 200 && status !== 206) {
    response.resume();
    throw new Error(`the server answered ${status}`);
  }
  // A server that ignores Range sends everything again.
  const start = status === 206 ? have : 0;
  const length = Number(response.headers['content-length'] ?? NaN);
  const total = Number.isFinite(length) ? start + length : null;
  let done = start;
  response.on('data', (chunk: Buffer) => {
    done += chunk.length;
    options.progress(done, total);
  });
  await pipeline(response, createWriteStream(partial, { flags: start > 0 ? 'a' : 'w' }), { signal: options.signal });
  if (total !== null && done !== total) throw new Error(`it was cut off after ${done} of ${total} bytes`);
}

function open(url: string, from: number, options: DownloadOptions, redirects: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {};
    const receive = (response: IncomingMessage): void => {
      const location = response.headers.location;
      if (location === undefined || (response.statusCode ?? 0) < 300 || (response.statusCode ?? 0) >= 400)
        return resolve(response);
      response.resume();
      if (redirects === 0) return reject(new Error('it was redirected too often'));
      open(new URL(location, url).href, from, options, redirects - 1).then(resolve, reject);
    };
    const request = url.startsWith('https:')
      ? httpsGet(
          url,
          {
            headers,
            signal: options.signal,
            ...(options.authorities === undefined ? {} : { ca: [...rootCertificates, ...options.authorities] }),
          },
          receive,
        )
      : httpGet(url, { headers, signal: options.signal }, receive);
    request.setTimeout(IDLE_MS, () => request.destroy(new Error(`nothing came for ${IDLE_MS / 1000} s`)));
    request.on('error', reject);
  });
}
