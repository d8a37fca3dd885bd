/**
 * The authorities that programs of the projects trust beside the local one: Node's list of public ones, and what this computer trusts, such as
 * the authority of a company. Systems keep theirs in one file, each elsewhere.
 */
import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import type { PublicAuthorities } from '../../core/certificates/ca-bundle.ts';
import type { System } from '../../core/system/system.ts';

/** In this order; the first that exists is the system's. */
export const HOST_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Arch, Gentoo, Alpine, NixOS
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // Fedora, RHEL
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL before 7, Alma
  '/etc/ssl/ca-bundle.pem', // openSUSE
  '/var/lib/ca-certificates/ca-bundle.pem', // openSUSE
  '/etc/ssl/certs/ca-bundle.crt', // NixOS
  '/etc/ssl/cert.pem', // Alpine, BSD, macOS
];
/** The public ones are 230 kB. */
const MAX_BYTES = 4 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN (TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (TRUSTED )?CERTIFICATE-----/g;

interface Found {
  readonly path: string;
  /** Another one after each change of the file. */
  readonly edition: string;
}

/** @param ownBundle the file that is made of them; a terminal of a project has it as SSL_CERT_FILE */
export function createPublicAuthorities(
  { files, host, log }: Pick<System, 'files' | 'host' | 'log'>,
  ownBundle: string,
  bundles = HOST_BUNDLES,
): PublicAuthorities {
  const find = async (path: string): Promise<Found | null> => {
    // NixOS gives all files the same time: there the real path changes.
    const real = await files.realPath(path).catch(() => null);
    const stat = real === null ? null : await files.stat(real).catch(() => null);
    if (real === null || stat?.type !== 'file') return null;
    const edition = `${real}, ${stat.size} bytes, ${stat.mtimeMs}`.replace(/[^\x20-\x7e]/g, '?');
    return { path: real, edition };
  };
  const findAll = async (): Promise<Found[]> => {
    const found: Found[] = [];
    for (const path of bundles) {
      const bundle = await find(path);
      if (bundle === null) continue;
      found.push(bundle);
      break;
    }
    // Root adds no authority because of a variable: see ADR 25.
    const own = host.isRoot ? undefined : host.environment['SSL_CERT_FILE'];
    const chosen = own === undefined || !own.startsWith('/') ? null : await find(own);
    const others = [found[0]?.path, (await files.realPath(ownBundle)) ?? ownBundle];
    return chosen === null || others.includes(chosen.path) ? found : [...found, chosen];
  };

  /** Of the file, without what is known already. Nothing, and a line in the log, when it cannot be read. */
  const readBundle = async (path: string, known: Set<string>): Promise<string[]> => {
    const text = await files.readForeign(path, { maxBytes: MAX_BYTES }).catch((error: unknown) => {
      log.warn('leaving out the authorities of this computer', { path, error: String(error) });
      return null;
    });
    if (text === null) return [];
    const added: string[] = [];
    let damaged = 0;
    for (const [pem] of text.matchAll(CERTIFICATE)) {
      const certificate = parse(pem);
      if (certificate === null) damaged += 1;
      else if (!known.has(certificate.fingerprint256)) {
        known.add(certificate.fingerprint256);
        added.push(certificate.toString().trim());
      }
    }
    if (damaged > 0 || (added.length === 0 && !text.includes('-----BEGIN ')))
      log.warn('leaving out what is no certificate', { path, damaged });
    return added;
  };

  return {
    edition: async () =>
      [`public authorities of Node ${process.version}`, ...(await findAll()).map(({ edition }) => edition)].join(
        ' and ',
      ),
    async read() {
      const common = getCACertificates('bundled');
      const known = new Set(common.map((pem) => new X509Certificate(pem).fingerprint256));
      const own: string[] = [];
      for (const { path } of await findAll()) own.push(...(await readBundle(path, known)));
      return [...common, ...own].join('\n');
    },
  };
}

function parse(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null; // Said by the caller, with the count.
  }
}
