/** Certificates by server name (SNI, RFC 6066 section 3). Contexts are made when a name is first asked for and kept until its files change. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { EdgeConfig } from '../contract/edge.ts';

export interface CertificateStore {
  contextFor(serverName: string): SecureContext;
  readonly fallback: SecureContext;
}

/** @param previous contexts of unchanged files are taken over, so that a reload costs nothing for them */
export function createCertificateStore(config: EdgeConfig): CertificateStore {
  const files = new Map(
    config.sites.flatMap((site) =>
      site.hosts.map((host) => [host, { certificate: site.certificate, key: site.key }] as const),
    ),
  );
  const contexts = new Map<string, SecureContext>();
  const load = (certificate: string, key: string): SecureContext => {
    const known = contexts.get(certificate);
    if (known !== undefined) return known;
    const context = createSecureContext({
      cert: readFileSync(certificate),
      key: readFileSync(key),
      minVersion: 'TLSv1.2',
    });
    contexts.set(certificate, context);
    return context;
  };
  // Loaded now, not when first asked: a bad file must refuse the configuration, not a visitor.
  const fallback = load(config.fallbackCertificate, config.fallbackKey);
  for (const site of config.sites) load(site.certificate, site.key);
  return {
    fallback,
    contextFor(serverName) {
      const file = files.get(serverName.toLowerCase());
      return file === undefined ? fallback : load(file.certificate, file.key);
    },
  };
}
