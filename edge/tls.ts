/** Certificates by server name (SNI, RFC 6066 section 3). Contexts are made when a name is first asked for and kept until its files change. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { EdgeConfig } from '../contract/edge.ts';
import { log } from './log.ts';
import { parentOf } from './sites.ts';

/** No client shows a certificate. Without this Node parses all public authorities for each process, and keeps 5 MB of them. */
const NO_CLIENT_AUTHORITIES: { readonly ca: never[] } = { ca: [] };

interface Pair {
  readonly certificate: Buffer;
  readonly key: Buffer;
  context: SecureContext | null;
}

export class CertificateStore {
  readonly #byHost: ReadonlyMap<string, Pair>;
  readonly #byFile: ReadonlyMap<string, Pair>;
  readonly #fallback: Pair;

  /**
   * Reads all files, so that an edge that gives up root later needs them no more. What changed since `previous` is tried at once: a
   * reload with a bad certificate is refused as a whole. At the start one bad certificate only spoils its own site.
   *
   * @throws when the fallback or, with `previous`, a changed certificate cannot be used
   */
  constructor(config: EdgeConfig, previous: CertificateStore | null) {
    const byFile = new Map<string, Pair>();
    const load = (certificateFile: string, keyFile: string): Pair => {
      const id = `${certificateFile}\n${keyFile}`;
      const loaded = byFile.get(id);
      if (loaded !== undefined) return loaded;
      const [certificate, key] = [readFileSync(certificateFile), readFileSync(keyFile)];
      const known = previous?.find(id);
      const isSame = known !== undefined && known.certificate.equals(certificate) && known.key.equals(key);
      const pair: Pair = isSame ? known : { certificate, key, context: null };
      if (previous !== null && !isSame) pair.context = contextOf(pair);
      byFile.set(id, pair);
      return pair;
    };
    this.#fallback = load(config.fallbackCertificate, config.fallbackKey);
    this.#fallback.context ??= contextOf(this.#fallback);
    const byHost = new Map<string, Pair>();
    for (const { hosts, name, certificate, key } of config.sites) {
      let pair: Pair;
      try {
        pair = load(certificate, key);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (previous !== null)
          throw new Error(`the certificate of ${name} cannot be used: ${reason}`, { cause: error });
        log('error', `the certificate of ${name} cannot be used, browsers will see another: ${reason}`);
        continue;
      }
      for (const host of hosts) byHost.set(host, pair);
    }
    this.#byHost = byHost;
    this.#byFile = byFile;
  }

  find(id: string): Pair | undefined {
    return this.#byFile.get(id);
  }

  /** PEM, for clients that name no server. */
  get fallback(): { readonly cert: Buffer; readonly key: Buffer; readonly ca: never[] } {
    return { cert: this.#fallback.certificate, key: this.#fallback.key, ...NO_CLIENT_AUTHORITIES };
  }

  /** True when one certificate serves both names. */
  isShared(a: string, b: string): boolean {
    return this.#pairFor(a) === this.#pairFor(b);
  }

  #pairFor(host: string): Pair {
    return this.#byHost.get(host) ?? this.#byHost.get(parentOf(host)) ?? this.#fallback;
  }

  contextFor(serverName: string): SecureContext {
    const pair = this.#pairFor(serverName);
    try {
      return (pair.context ??= contextOf(pair));
    } catch (error) {
      log(
        'error',
        `the certificate for ${serverName} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      );
      return (this.#fallback.context ??= contextOf(this.#fallback));
    }
  }
}

const contextOf = ({ certificate, key }: Pair): SecureContext =>
  createSecureContext({ cert: certificate, key, ...NO_CLIENT_AUTHORITIES, minVersion: 'TLSv1.2' });
