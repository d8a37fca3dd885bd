/** The local authority of this home and its leaves. The root's key never leaves its file; leaves are short-lived and renewed. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join, relative } from 'node:path';
import type { CertMeta } from '../../contract/certificates.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { noticeText } from '../../contract/notices.ts';
import type { Layout } from '../layout.ts';
import type { System } from '../system/system.ts';
import { isLocalName, LOCAL_DOMAINS, notLocal } from './local-domains.ts';
import { limitsOf } from '../privileged/authority.ts';
import { issueLeaf, issueRoot, type Issuer, type RootForm } from './x509.ts';
import { sayTrust } from '../../contract/sentences/trust.ts';

const ROOT_DAYS = 3650;
const LEAF_DAYS = 90;
const RENEW_BEFORE_MS = 30 * 86_400_000;

export interface Leaf {
  readonly meta: CertMeta;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** True when it was made or renewed by this call. */
  readonly renewed: boolean;
}

export interface Certificates {
  /** Makes the authority when there is none; repairs a damaged one by making another, and says so. */
  ensureRoot(): Promise<void>;
  /** A valid leaf for these names; the first names it. Rejects with CERTIFICATE_FAILED for names that the root may not vouch for. */
  ensureLeaf(domain: string, hosts: readonly string[]): Promise<Leaf>;
  list(): Promise<CertMeta[]>;
  /** End of the leaf in use, ISO 8601; null before the first `ensureLeaf` of this domain. */
  endOf(domain: string): string | null;
  /** How the root is limited: `former` knows less kinds of names, null is not limited as Kojibox does. */
  rootLimits(): Promise<RootForm | null>;
  /** Makes another root in place of this one; leaves of the former are renewed when they are asked for next. */
  renewRoot(): Promise<void>;
  /** SHA-256 of the root, lower-case hex. */
  rootFingerprint(): Promise<string>;
}

export function createCertificates(options: {
  readonly system: System;
  readonly layout: Layout;
  readonly userName: string;
  notice(text: string): void;
}): Certificates {
  const { system, layout } = options;
  const { files, clock } = system;
  /** The edge is not root and must still read the keys of its sites. */
  const keyRights = system.host.isRoot
    ? { mode: 0o640, owner: { uid: 0, gid: system.host.edgeUser.gid } }
    : { mode: 0o600 };
  let root: Promise<{ issuer: Issuer; certificate: string }> | undefined;
  const known = new Map<string, Leaf & { readonly hosts: string; readonly expires: number }>();

  const loadRoot = async (): Promise<{ issuer: Issuer; certificate: string }> => {
    const [certificate, key] = await Promise.all([
      files.readText(layout.rootCertificate),
      files.readText(layout.rootKey),
    ]);
    if (certificate !== null && key !== null) {
      const loaded = readRoot(certificate, key, clock.now());
      if (loaded !== null) return { issuer: loaded, certificate };
    }
    if (certificate !== null || key !== null) {
      for (const file of [layout.rootCertificate, layout.rootKey])
        if ((await files.stat(file)) !== null) await files.rename(file, `${file}.unusable-${clock.now()}`);
      options.notice(noticeText('authorityRenewed', { domain: 'hello.test' }));
    }
    return makeRoot();
  };
  const makeRoot = async (): Promise<{ issuer: Issuer; certificate: string }> => {
    const made = issueRoot({
      name: `Kojibox local CA (${options.userName})`,
      domains: LOCAL_DOMAINS,
      now: new Date(clock.now()),
      days: ROOT_DAYS,
    });
    // The key first: a certificate without its key is of no use, and is noticed above.
    await files.writeAtomic(layout.rootKey, made.privateKey, { mode: 0o600 });
    await files.writeAtomic(layout.rootCertificate, made.certificate, { mode: 0o644 });
    return { issuer: made.issuer, certificate: made.certificate };
  };
  const getRoot = (): Promise<{ issuer: Issuer; certificate: string }> => {
    root ??= loadRoot().catch((error: unknown) => {
      root = undefined;
      throw error;
    });
    return root;
  };

  const assertLocal = (domain: string, hosts: readonly string[]): void => {
    const foreign = hosts.find((host) => !isLocalName(host));
    if (foreign === undefined) return;
    throw new KojiboxError('CERTIFICATE_FAILED', sayTrust('cannotMake', { domain }), {
      detail: notLocal(foreign),
      source: 'certs',
      remedy: sayTrust('chooseLocal'),
    });
  };

  return {
    async ensureRoot() {
      await getRoot();
    },

    endOf: (domain) => known.get(domain)?.meta.expiresAt ?? null,

    async ensureLeaf(domain, hosts) {
      assertLocal(domain, hosts);
      const cached = known.get(domain);
      const key = hosts.join(' ');
      if (cached !== undefined && cached.hosts === key && cached.expires - clock.now() > RENEW_BEFORE_MS)
        return { ...cached, renewed: false };

      const { issuer, certificate: rootCertificate } = await getRoot();
      const certificateFile = join(layout.certificates, `${domain}.pem`);
      const keyFile = join(layout.certificates, `${domain}.key`);
      const present = await readLeaf(files, certificateFile, keyFile, issuer);
      const isKept = !system.host.isRoot || (await files.stat(keyFile))?.uid === 0;
      const good =
        present !== null && isKept && present.hosts === key && present.expires - clock.now() > RENEW_BEFORE_MS;
      let expires = present?.expires ?? 0;
      if (!good) {
        const issued = issueLeaf({ issuer, hosts, now: new Date(clock.now()), days: LEAF_DAYS });
        expires = issued.expiresAt.getTime();
        await files.writeAtomic(keyFile, issued.privateKey, keyRights);
        await files.writeAtomic(certificateFile, issued.certificate + rootCertificate, { mode: 0o644 });
      }
      const leaf = {
        meta: {
          name: domain,
          path: relative(layout.home, certificateFile),
          expiresAt: new Date(expires).toISOString(),
        },
        certificateFile,
        keyFile,
        hosts: key,
        expires,
        renewed: !good,
      };
      known.set(domain, leaf);
      return leaf;
    },

    async list() {
      const metas: CertMeta[] = [];
      for (const name of await files.list(layout.certificates)) {
        const path = join(layout.certificates, name);
        const text = name.endsWith('.pem') && name !== 'ca-bundle.pem' ? await files.readText(path) : null;
        if (text === null) continue;
        metas.push({
          name: name.replace(/\.pem$/, ''),
          path: relative(layout.home, path),
          expiresAt: new Date(new X509Certificate(text).validTo).toISOString(),
        });
      }
      return metas;
    },

    rootLimits: async () => limitsOf(new X509Certificate((await getRoot()).certificate)),

    async renewRoot() {
      root = makeRoot();
      await root.catch((error: unknown) => {
        root = undefined;
        throw error;
      });
      known.clear();
    },

    async rootFingerprint() {
      return new X509Certificate((await getRoot()).certificate).fingerprint256.replaceAll(':', '').toLowerCase();
    },
  };
}

/** Null when the two do not belong together, cannot be read or have expired. */
function readRoot(certificate: string, key: string, now: number): Issuer | null {
  try {
    const parsed = new X509Certificate(certificate);
    const privateKey = createPrivateKey(key);
    const name = /CN=(.*)$/m.exec(parsed.subject)?.[1];
    if (name === undefined || !parsed.ca || !parsed.checkPrivateKey(privateKey) || Date.parse(parsed.validTo) < now)
      return null;
    return { name, key: privateKey, publicKey: parsed.publicKey };
  } catch {
    return null; // Damaged: the caller makes another and tells the user.
  }
}

async function readLeaf(
  files: System['files'],
  certificateFile: string,
  keyFile: string,
  issuer: Issuer,
): Promise<{ hosts: string; expires: number } | null> {
  const [certificate, key] = await Promise.all([files.readText(certificateFile), files.readText(keyFile)]);
  if (certificate === null || key === null) return null;
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key)) || !parsed.verify(issuer.publicKey)) return null;
    const hosts = (parsed.subjectAltName ?? '')
      .split(', ')
      .map((name) => name.replace(/^DNS:/, ''))
      .join(' ');
    return { hosts, expires: Date.parse(parsed.validTo) };
  } catch {
    return null; // Damaged: a new one is made.
  }
}
