/** Where the feed and the files it names come from: an address, or a path on this machine. Nothing here is believed before it was checked. */
import { copyFile, mkdir } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { dirname, resolve } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { Downloader } from '../sources/download.ts';
import { pathOfOpen } from '../system/anchored.ts';
import { openForeign, readForeign } from '../system/foreign-files.ts';

const TIMEOUT_MS = 20_000;
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

const isPath = (address: string): boolean => /^(\/|[A-Za-z]:[\\/])/.test(address);

/** Where a file is that the feed names. */
export const resolveUrl = (feed: string, url: string): string =>
  isPath(feed) && !/^https?:/.test(url)
    ? resolve(dirname(feed), url)
    : new URL(url, isPath(feed) ? undefined : feed).href;

/**
 * @param what named in the error, e.g. "the update feed"
 * Rejects with DOWNLOAD_FAILED.
 */
export async function fetchText(address: string, what: string): Promise<string> {
  try {
    return isPath(address) ? await readFile(address) : await get(address);
  } catch (cause) {
    throw new KojiboxError('DOWNLOAD_FAILED', `cannot read ${what}`, {
      detail: `${address}: ${cause instanceof Error ? cause.message : String(cause)}`,
      source: 'updater',
      cause,
    });
  }
}

/** Puts the file there, going on where an earlier try was cut off. Rejects with DOWNLOAD_FAILED or DIGEST_MISMATCH. */
export async function fetchFile(
  downloader: Downloader,
  address: string,
  file: string,
  options: { sha256: string; signal: AbortSignal; progress(done: number, total: number | null): void },
): Promise<void> {
  if (!isPath(address)) {
    await downloader.fetch(address, file, { ...options, algorithm: 'sha256', digest: options.sha256 });
    return;
  }
  await mkdir(dirname(file), { recursive: true });
  const source = await openForeign(address, { maxBytes: Infinity });
  if (source === null)
    throw new KojiboxError('DOWNLOAD_FAILED', `cannot fetch ${address}`, {
      detail: 'there is no such file',
      source: 'updater',
    });
  try {
    await copyFile(pathOfOpen(source, address), file);
  } finally {
    await source.close();
  }
}

async function readFile(path: string): Promise<string> {
  const text = await readForeign(path, { maxBytes: MAX_TEXT_BYTES });
  if (text === null) throw new Error('there is no such file');
  return text.toString('utf8');
}

function get(address: string): Promise<string> {
  return new Promise((resolvePromise, reject) => {
    const take = (response: IncomingMessage): void => {
      if (response.statusCode !== 200) {
        response.destroy();
        reject(new Error(`the server answered ${response.statusCode ?? 'nothing'}`));
        return;
      }
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.length > MAX_TEXT_BYTES) response.destroy(new Error('it is larger than 4 MB'));
      });
      response.on('end', () => resolvePromise(text));
      response.on('error', reject);
    };
    const sent = (address.startsWith('https:') ? httpsGet : httpGet)(address, { timeout: TIMEOUT_MS }, take);
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', reject);
  });
}
