/** One file over HTTP(S): continues where it was cut off (RFC 9110 section 14), tries again with growing waits, never keeps a wrong file. */
import { mkdir, open as openFile, rename, rm, stat } from 'node:fs/promises';
import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { basename, dirname } from 'node:path';
import { getCACertificates } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';
import { KojiboxError } from '../../contract/errors.ts';
import { createSharedWork } from '../../core/runtimes/shared-work.ts';
import { digestOfFile } from './digest.ts';

const TRIES = 4;
/** Of a small file: there is mostly another place to ask. */
const SMALL_TRIES = 2;
const FIRST_WAIT_MS = 500;
const IDLE_MS = 20_000;
const MAX_REDIRECTS = 5;
/** Of the 4xx answers, those that another try may change; see RFC 9110 section 15.5 and RFC 6585. */
const WORTH_ANOTHER_TRY = [408, 425, 429];

export interface DownloadOptions {
  readonly algorithm: 'sha256' | 'sha512';
  /** Lower-case hex. */
  readonly digest: string;
  readonly signal: AbortSignal;
  /** What the file has, where that is known: more is not taken. */
  readonly sizeBytes?: number;
  /** What names its digest, for messages. */
  readonly signedBy?: string;
  progress(doneBytes: number, totalBytes: number | null): void;
}

/** How to reach servers from here. */
export interface Connection {
  /** PEM authorities to trust besides the built-in ones. */
  readonly authorities?: readonly string[];
  /** `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` as Node's agents take them. */
  readonly proxies?: Readonly<Record<string, string>>;
}

/** What the environment says, in both ways to write it; see Node's `proxyEnv`. */
export const proxiesOf = (environment: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => {
      const value = environment[name.toLowerCase()] ?? environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );

export interface Downloader {
  /**
   * Puts the file at `file`; one that is already there with the right digest is used. Calls for the same file share one download.
   * Rejects with DOWNLOAD_FAILED, DIGEST_MISMATCH, or the system's own error when the disk refuses.
   */
  fetch(url: string, file: string, options: DownloadOptions): Promise<void>;
  /** A small file whose digest is not known beforehand. Rejects with DOWNLOAD_FAILED, also when it has more than `maxBytes`. */
  read(url: string, maxBytes: number, signal: AbortSignal): Promise<Buffer>;
}

type Progress = DownloadOptions['progress'];
type Agents = { readonly http: HttpAgent; readonly https: HttpsAgent };

export function createDownloader(connection: Connection = {}): Downloader {
  const { authorities = [], proxies } = connection;
  const proxy = proxies === undefined ? {} : { proxyEnv: { ...proxies } };
  // Made when the first file is fetched: with TLS come all public authorities, which is 4 MB.
  let made: Agents | undefined;
  const agents = (): Agents =>
    (made ??= {
      http: new HttpAgent(proxy),
      https: new HttpsAgent({
        ...proxy,
        ...(authorities.length === 0 ? {} : { ca: [...getCACertificates('bundled'), ...authorities] }),
      }),
    });
  const running = createSharedWork<Progress, void>();
  return {
    fetch: (url, file, options) =>
      running.join(file, options.progress, options.signal, async (observers, signal) => {
        const progress: Progress = (done, total) => {
          for (const observer of observers) observer(done, total);
        };
        await download(agents(), url, file, { ...options, signal, progress });
      }),
    read: (url, maxBytes, signal) => readSmall(agents(), url, maxBytes, signal),
  };
}

async function readSmall(agents: Agents, url: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(agents, url, maxBytes, signal);
    } catch (error) {
      signal.throwIfAborted();
      const isFinal = error instanceof TooLong || (error instanceof Refused && !error.worthAnotherTry);
      if (!isFinal && attempt < SMALL_TRIES) {
        await wait(FIRST_WAIT_MS, undefined, { signal });
        continue;
      }
      const detail = error instanceof Error ? error.message : String(error);
      throw new KojiboxError('DOWNLOAD_FAILED', `cannot fetch ${basename(url)}`, { detail, source: 'runtime' });
    }
  }
}

async function readOnce(agents: Agents, url: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const response = await open(agents, url, 0, { signal }, MAX_REDIRECTS);
  const pieces: Buffer[] = [];
  let bytes = 0;
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Refused(response.statusCode ?? 0);
  }
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new TooLong(maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function download(agents: Agents, url: string, file: string, options: DownloadOptions): Promise<void> {
  const { algorithm, digest, signal } = options;
  const name = basename(file);
  if ((await digestOfFile(file, algorithm)) === digest) return;
  await rm(file, { force: true });
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  let failure = '';
  let wrongDigests = 0;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await wait(FIRST_WAIT_MS * 2 ** (attempt - 1), undefined, { signal });
    try {
      await fetchInto(agents, url, partial, options);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      failure = error instanceof Error ? error.message : String(error);
      if (error instanceof TooLong) await rm(partial, { force: true });
      if (error instanceof TooLong || (error instanceof Refused && !error.worthAnotherTry)) break;
      continue;
    }
    if ((await digestOfFile(partial, algorithm)) === digest) {
      await rename(partial, file);
      return;
    }
    await rm(partial, { force: true });
    failure = `its ${algorithm} is not the one in the signed ${options.signedBy ?? 'manifest'}`;
    // Once may be a resumed file whose first part came from elsewhere; twice is the source.
    if (++wrongDigests === 2) {
      throw new KojiboxError('DIGEST_MISMATCH', `cannot trust ${name}`, { detail: failure, source: 'runtime' });
    }
  }
  throw new KojiboxError('DOWNLOAD_FAILED', `cannot fetch ${name}`, { detail: failure, source: 'runtime' });
}

class Refused extends Error {
  readonly worthAnotherTry: boolean;
  constructor(status: number) {
    super(`the server answered ${status}`);
    this.worthAnotherTry = status >= 500 || WORTH_ANOTHER_TRY.includes(status);
  }
}

class TooLong extends Error {
  constructor(maxBytes: number) {
    super(`it has more than the ${maxBytes} bytes that it may have`);
  }
}

/** Errors of the network pass; those of the own disk (they name a system call on a path) do not. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof Error) ||
  !('code' in error) ||
  !['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'].includes(String(error.code));

async function fetchInto(agents: Agents, url: string, partial: string, options: DownloadOptions): Promise<void> {
  const have = (await stat(partial).catch(() => null))?.size ?? 0;
  const response = await open(agents, url, have, options, MAX_REDIRECTS);
  const status = response.statusCode ?? 0;
  if (status === 416) {
    response.resume();
    return; // All of it is there; the digest decides.
  }
  if (status !== 200 && status !== 206) {
    response.resume();
    throw new Refused(status);
  }
  // A server that ignores Range sends everything again.
  const start = status === 206 ? have : 0;
  const length = Number(response.headers['content-length'] ?? NaN);
  const total = Number.isFinite(length) ? start + length : null;
  let done = start;
  // Piece by piece: what came before a cut is on the disk, for the next try to go on from.
  const target = await openFile(partial, start > 0 ? 'a' : 'w');
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (done + chunk.length > (options.sizeBytes ?? Infinity)) throw new TooLong(options.sizeBytes ?? 0);
      await target.writeFile(chunk);
      done += chunk.length;
      options.progress(done, total);
    }
  } finally {
    await target.close();
  }
  if (total !== null && done !== total) throw new Error(`it was cut off after ${done} of ${total} bytes`);
}

function open(
  agents: Agents,
  url: string,
  from: number,
  options: Pick<DownloadOptions, 'signal'>,
  redirects: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {};
    const receive = (response: IncomingMessage): void => {
      const { location } = response.headers;
      const status = response.statusCode ?? 0;
      if (location === undefined || status < 300 || status >= 400) return resolve(response);
      response.resume();
      if (redirects === 0) return reject(new Error('it was redirected too often'));
      const next = new URL(location, url).href;
      if (url.startsWith('https:') && !next.startsWith('https:')) {
        return reject(new Error('it was redirected to an address without TLS'));
      }
      open(agents, next, from, options, redirects - 1).then(resolve, reject);
    };
    const request = url.startsWith('https:')
      ? httpsGet(url, { headers, signal: options.signal, agent: agents.https }, receive)
      : httpGet(url, { headers, signal: options.signal, agent: agents.http }, receive);
    request.setTimeout(IDLE_MS, () => request.destroy(new Error(`nothing came for ${IDLE_MS / 1000} s`)));
    request.on('error', reject);
  });
}
