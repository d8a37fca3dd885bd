/** Asking the update feed. What it says counts only after its signature was checked against the keys of this build. */
import { readFile } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { KojiboxError } from '../contract/errors.ts';
import type { UpdateCheck } from '../contract/updater.ts';
import { newestRelease, openFeed, type Feed } from '../core/updater/feed.ts';

const TIMEOUT_MS = 20_000;
const MAX_FEED_BYTES = 1024 * 1024;

export interface Updater {
  check(): Promise<UpdateCheck>;
  /** Rejects with NOT_FOUND for a version that the feed does not offer, UPDATE_UNSUPPORTED where this installation is not ours to change. */
  apply(version: string): Promise<void>;
}

export function createUpdater(options: {
  readonly current: string;
  /** URL or absolute path of the feed; null: none is set. */
  readonly feed: string | null;
  readonly os: string;
  readonly arch: string;
  /** PEM public keys. */
  keys(): readonly string[];
  channel(): 'stable' | 'beta';
  available(version: string): void;
}): Updater {
  const { current, feed: address, os, arch } = options;

  const open = async (feed: string): Promise<Feed> => openFeed(await fetchText(feed), options.keys());

  return {
    async check() {
      const channel = options.channel();
      if (address === null) return { available: false, version: current, current, channel, feed: null, notes: '' };
      const release = newestRelease(await open(address), { channel, os, arch, current });
      if (release !== null) options.available(release.version);
      return {
        available: release !== null,
        version: release?.version ?? current,
        current,
        channel,
        feed: address,
        notes: release?.notes ?? '',
      };
    },

    async apply(version) {
      const offered =
        address === null
          ? undefined
          : (await open(address)).releases.find(
              (release) => release.version === version && release.os === os && release.arch === arch,
            );
      if (offered === undefined)
        throw new KojiboxError('NOT_FOUND', `cannot update to ${version}`, {
          detail:
            address === null
              ? 'no update feed is set (KOJIBOX_UPDATE_FEED)'
              : `the feed does not offer it for ${os}-${arch}`,
          source: 'updater',
          remedy: 'See: koji update check',
        });
      throw new KojiboxError('UPDATE_UNSUPPORTED', `cannot update to ${version}`, {
        detail: 'this Kojibox runs from a checkout of its source',
        source: 'updater',
        remedy: 'Run: git pull && npm start',
      });
    },
  };
}

/** Rejects with DOWNLOAD_FAILED. */
async function fetchText(address: string): Promise<string> {
  try {
    return address.startsWith('/') ? await readFile(address, 'utf8') : await get(address);
  } catch (cause) {
    throw new KojiboxError('DOWNLOAD_FAILED', 'cannot read the update feed', {
      detail: `${address}: ${cause instanceof Error ? cause.message : String(cause)}`,
      source: 'updater',
      cause,
    });
  }
}

function get(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage): void => {
      if (response.statusCode !== 200) {
        response.destroy();
        reject(new Error(`the server answered ${response.statusCode ?? 'nothing'}`));
        return;
      }
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.length > MAX_FEED_BYTES) response.destroy(new Error('the feed is larger than 1 MB'));
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    };
    const sent = (address.startsWith('https:') ? httpsGet : httpGet)(address, { timeout: TIMEOUT_MS }, take);
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', reject);
  });
}
