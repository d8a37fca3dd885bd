/** A failed fetch says so when it went to a mirror of the user's own: the network is then seldom what is wrong. */
import { KojiboxError } from '../../contract/errors.ts';
import { MIRROR_KINDS, type Mirrors } from '../../contract/mirror.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';

/** The same source; DOWNLOAD_FAILED and DIGEST_MISMATCH name the mirror that is in use, and the way back to the usual source. */
export function withMirrorHint(source: RuntimeSourceDriver, mirrors: () => Mirrors): RuntimeSourceDriver {
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw withHint(error, source.type, mirrors());
    }
  };
  const collect = source.collect?.bind(source);
  const bytesToFetch = source.bytesToFetch?.bind(source);
  return {
    type: source.type,
    stage: (...args) => told(source.stage(...args)),
    ...(collect === undefined ? {} : { collect: (...args) => told(collect(...args)) }),
    ...(bytesToFetch === undefined ? {} : { bytesToFetch: (...args) => told(bytesToFetch(...args)) }),
  };
}

function withHint(error: unknown, type: RuntimeSourceDriver['type'], mirrors: Mirrors): unknown {
  const kind = MIRROR_KINDS.find((one) => one === type);
  const url = kind === undefined ? undefined : mirrors[kind];
  if (!(error instanceof KojiboxError) || kind === undefined || url === undefined) return error;
  if (error.code !== 'DOWNLOAD_FAILED' && error.code !== 'DIGEST_MISMATCH') return error;
  return new KojiboxError(error.code, error.message, {
    detail: `${error.detail}; it was asked from your own mirror for ${kind}: ${url}`,
    source: error.source,
    remedy: `Try the mirror with: koji mirror list --check. Or go back to the usual source: koji mirror clear ${kind}`,
    cause: error,
  });
}
