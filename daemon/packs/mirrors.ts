/** Where runtimes are fetched from, and whether a mirror has what is looked for there. */
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeManifest } from '../../contract/manifest.ts';
import { MIRROR_KINDS, type MirrorKind, type Mirrors, type MirrorStatus } from '../../contract/mirror.ts';

const TIMEOUT_MS = 10_000;
/** Enough to see what it is. */
const HEAD_BYTES = 64;
/** RFC 1952 section 2.3.1. */
const GZIP = Buffer.from([0x1f, 0x8b]);

/** The server is there, and says no. */
class Answered extends Error {}

const LAYOUTS: Readonly<Record<MirrorKind, string>> = {
  npm: 'NAME/-/NAME-VERSION.tgz',
  debian: 'debian/dists/RELEASE/InRelease, debian/pool/…, debian-security/…',
  https: 'the path of the original address',
};

export interface MirrorSettings {
  list(check: boolean): Promise<MirrorStatus[]>;
  /** Rejects with DOWNLOAD_FAILED when `check` is set and the mirror does not answer as it should; then nothing changed. */
  set(kind: MirrorKind, url: string, how: { readonly check: boolean; readonly allowExpired: boolean }): Promise<void>;
  clear(kind: MirrorKind | undefined): Promise<void>;
}

export function createMirrorSettings(options: {
  get(): Mirrors;
  save(mirrors: Mirrors): Promise<void>;
  manifest(): RuntimeManifest;
  readonly os: string;
  readonly arch: string;
}): MirrorSettings {
  /** What is looked for on a mirror, the likeliest first, and how it begins; empty where no runtime of this platform comes this way. */
  const probesOf = (kind: MirrorKind): { readonly path: string; readonly begins: Buffer }[] => {
    const entries = options
      .manifest()
      .services.filter(({ os, arch, source }) => os === options.os && arch === options.arch && source?.type === kind)
      .sort((a, b) => Number(b.isDefault ?? false) - Number(a.isDefault ?? false) || a.size - b.size);
    if (kind === 'debian') {
      const begins = Buffer.from('-----BEGIN PGP SIGNED MESSAGE-----');
      const used = entries.flatMap(({ source }) =>
        source?.type === 'debian' && source.distribution !== 'ubuntu' ? [source.suite] : [],
      );
      return [...new Set(used)].map((suite) => ({ path: `/debian/dists/${suite}/InRelease`, begins }));
    }
    return entries.flatMap(({ source }) => {
      if (source?.type === 'https') return [{ path: new URL(source.url).pathname, begins: Buffer.alloc(0) }];
      if (source?.type !== 'npm') return [];
      const path = `/${source.name}/-/${source.name.split('/').at(-1) ?? source.name}-${source.version}.tgz`;
      return [{ path, begins: GZIP }];
    });
  };

  const check = async (kind: MirrorKind, url: string): Promise<{ ok: boolean; evidence: string }> => {
    const probes = probesOf(kind);
    if (probes.length === 0) return { ok: true, evidence: 'no runtime of this machine comes this way' };
    const failures: string[] = [];
    // A mirror need not have everything: one thing that is as it should be will do.
    for (const { path, begins } of probes) {
      const address = `${url}${path}`;
      try {
        const begin = await fetchBeginning(address);
        if (begin.subarray(0, begins.length).equals(begins)) return { ok: true, evidence: `${address} is there` };
        failures.push(`${address} is something else than it should be`);
      } catch (error) {
        failures.push(`${address}: ${error instanceof Error ? error.message : String(error)}`);
        // No one is there at all: asking for the next thing only takes time.
        if (!(error instanceof Answered)) break;
      }
    }
    return { ok: false, evidence: failures[0] ?? '' };
  };

  return {
    list: (wantsCheck) =>
      Promise.all(
        MIRROR_KINDS.map(async (kind) => {
          const url = options.get()[kind] ?? null;
          const result = url !== null && wantsCheck ? await check(kind, url) : null;
          const allowExpired = kind === 'debian' && options.get().debianExpired === true;
          return { kind, url, allowExpired, layout: LAYOUTS[kind], check: result };
        }),
      ),

    async set(kind, address, { check: wantsCheck, allowExpired }) {
      const url = address.replace(/\/+$/, '');
      const result = wantsCheck ? await check(kind, url) : { ok: true, evidence: '' };
      if (!result.ok) {
        throw new KojiboxError('DOWNLOAD_FAILED', `cannot use ${url} as a mirror`, {
          detail: result.evidence,
          source: 'runtime',
          remedy: `Nothing was changed. Below the address must lie: ${LAYOUTS[kind]}`,
        });
      }
      const { debianExpired, ...rest } = options.get();
      const expired = kind === 'debian' ? allowExpired : debianExpired === true;
      await options.save({ ...rest, [kind]: url, ...(expired ? { debianExpired: true } : {}) });
    },

    async clear(kind) {
      const rest = { ...options.get() };
      for (const each of kind === undefined ? MIRROR_KINDS : [kind]) delete rest[each];
      if (rest.debian === undefined) delete rest.debianExpired;
      await options.save(rest);
    },
  };
}

/** The first bytes of an address; rejects when it does not answer with 200 or 206 in time. */
function fetchBeginning(address: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const ask = address.startsWith('https:') ? httpsGet : httpGet;
    const request = ask(address, { headers: { range: `bytes=0-${HEAD_BYTES - 1}` }, agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      if (status !== 200 && status !== 206) {
        response.destroy();
        reject(new Answered(`the server answered ${status}`));
        return;
      }
      const pieces: Buffer[] = [];
      let bytes = 0;
      const finish = (): void => {
        resolve(Buffer.concat(pieces));
        response.destroy();
      };
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes >= HEAD_BYTES) finish();
      });
      response.on('end', finish);
      response.on('error', reject);
    });
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error(`nothing came for ${TIMEOUT_MS / 1000} s`)));
    request.on('error', reject);
  });
}
