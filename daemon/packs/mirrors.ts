/** Where runtimes are fetched from, and whether a mirror has what is looked for there. */
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeManifest } from '../../contract/manifest.ts';
import { MIRROR_KINDS, type MirrorKind, type Mirrors, type MirrorStatus } from '../../contract/mirror.ts';
import type { Distribution } from '../system/distribution.ts';

const TIMEOUT_MS = 10_000;
/** Enough to see what it is. */
const HEAD_BYTES = 64;

const LAYOUTS: Readonly<Record<MirrorKind, string>> = {
  npm: 'NAME/-/NAME-VERSION.tgz',
  debian: 'debian/dists/RELEASE/InRelease, debian-security/…, ubuntu/…',
  https: 'the path of the original address',
};

export interface MirrorSettings {
  list(check: boolean): Promise<MirrorStatus[]>;
  /** Rejects with DOWNLOAD_FAILED when `check` is set and the mirror does not answer as it should; then nothing changed. */
  set(kind: MirrorKind, url: string, check: boolean): Promise<void>;
  clear(kind: MirrorKind | undefined): Promise<void>;
}

export function createMirrorSettings(options: {
  get(): Mirrors;
  save(mirrors: Mirrors): Promise<void>;
  manifest(): RuntimeManifest;
  readonly distribution: Distribution | null;
  readonly os: string;
  readonly arch: string;
}): MirrorSettings {
  const { distribution } = options;

  /** Something small that must be there, and how it begins; null where no runtime of this platform comes this way. */
  const probeOf = (kind: MirrorKind): { readonly path: string; readonly begins: Buffer } | null => {
    if (kind === 'debian') {
      if (distribution === null) return null;
      return {
        path: `/${distribution.family}/dists/${distribution.codename}/InRelease`,
        begins: Buffer.from('-----BEGIN PGP SIGNED MESSAGE-----'),
      };
    }
    const entry = options
      .manifest()
      .services.filter(({ os, arch, source }) => os === options.os && arch === options.arch && source?.type === kind)
      .sort((a, b) => a.size - b.size)[0];
    if (entry?.source?.type === 'npm') {
      const { name, version } = entry.source;
      // A gzip file; RFC 1952 section 2.3.1.
      return { path: `/${name}/-/${name.split('/').at(-1) ?? name}-${version}.tgz`, begins: Buffer.from([0x1f, 0x8b]) };
    }
    if (entry?.source?.type === 'https') return { path: new URL(entry.source.url).pathname, begins: Buffer.alloc(0) };
    return null;
  };

  const check = async (kind: MirrorKind, url: string): Promise<{ ok: boolean; evidence: string }> => {
    const probe = probeOf(kind);
    if (probe === null) return { ok: true, evidence: 'no runtime of this machine comes this way' };
    const address = `${url}${probe.path}`;
    try {
      const begin = await fetchBeginning(address);
      const ok = begin.subarray(0, probe.begins.length).equals(probe.begins);
      return { ok, evidence: ok ? `${address} is there` : `${address} is something else than it should be` };
    } catch (error) {
      return { ok: false, evidence: `${address}: ${error instanceof Error ? error.message : String(error)}` };
    }
  };

  return {
    list: (wantsCheck) =>
      Promise.all(
        MIRROR_KINDS.map(async (kind) => {
          const url = options.get()[kind] ?? null;
          const result = url !== null && wantsCheck ? await check(kind, url) : null;
          return { kind, url, layout: LAYOUTS[kind], check: result };
        }),
      ),

    async set(kind, url, wantsCheck) {
      const result = wantsCheck ? await check(kind, url) : { ok: true, evidence: '' };
      if (!result.ok) {
        throw new KojiboxError('DOWNLOAD_FAILED', `cannot use ${url} as a mirror`, {
          detail: result.evidence,
          source: 'runtime',
          remedy: `Nothing was changed. Below the address must lie: ${LAYOUTS[kind]}`,
        });
      }
      await options.save({ ...options.get(), [kind]: url });
    },

    async clear(kind) {
      const rest = { ...options.get() };
      for (const each of kind === undefined ? MIRROR_KINDS : [kind]) delete rest[each];
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
        reject(new Error(`the server answered ${status}`));
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
