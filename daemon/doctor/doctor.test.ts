import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import forge from 'node-forge';
import { afterAll, expect, it } from 'vitest';
import type { DoctorCheck } from '../../contract/doctor.ts';
import { createCertificates, type Certificates } from '../../core/certificates/certificates.ts';
import { LOCAL_DOMAINS } from '../../core/certificates/local-domains.ts';
import { issueRoot } from '../../core/certificates/x509.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { layoutOf } from '../../core/layout.ts';
import { createNodeSystem } from '../system/node-system.ts';
import { createDoctor } from './doctor.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-doctor-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const name = 'Kojibox local CA (tester@here)';

interface Made {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Vouches for any name. */
function unlimitedRoot(): Made {
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000);
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000 * 365);
  const attributes = [
    { name: 'organizationName', value: 'Kojibox' },
    { name: 'commonName', value: name },
  ];
  certificate.setSubject(attributes);
  certificate.setIssuer(attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
  ]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return {
    certificate: forge.pki.certificateToPem(certificate).replaceAll('\r', ''),
    privateKey: forge.pki.privateKeyToPem(keys.privateKey).replaceAll('\r', ''),
  };
}
const formerRoot = (): Made => issueRoot({ name, domains: LOCAL_DOMAINS, now: new Date(), days: 365, form: 'former' });

async function authorityOf(certificates: Certificates, home: string): Promise<DoctorCheck | undefined> {
  // What the other checks need is not there; each fails by itself.
  const kojibox = { certificates } as unknown as Kojibox;
  const system = createNodeSystem({ home, environment: {} });
  const run = createDoctor({ system, layout: layoutOf(home), kojibox, trust: {} as never, resolver: {} as never });
  return (await run()).find(({ id }) => id === 'authority');
}

it.each([
  ['a former version', formerRoot, 'addresses of mail'],
  ['nobody who limits', unlimitedRoot, 'not limited to local names'],
])('an authority made by %s is named with its cure, and the new one is limited', async (_, make, seen) => {
  const home = mkdtempSync(join(root, 'home-'));
  const layout = layoutOf(home);
  const made = make();
  for (const [file, text] of [
    [layout.rootCertificate, made.certificate],
    [layout.rootKey, made.privateKey],
  ] as const) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const system = createNodeSystem({ home, environment: {} });
  const certificates = createCertificates({ system, layout, userName: 'tester@here', notice: () => undefined });
  const before = await certificates.ensureLeaf('hello.test', ['hello.test']);
  expect(await authorityOf(certificates, home)).toMatchObject({
    status: 'warning',
    evidence: expect.stringContaining(seen),
    remedy: expect.stringContaining('koji certs renew'),
  });
  expect(readFileSync(layout.rootCertificate, 'utf8')).toBe(made.certificate);

  await certificates.renewRoot();
  expect(await authorityOf(certificates, home)).toMatchObject({ status: 'passed' });
  expect(readFileSync(layout.rootCertificate, 'utf8')).not.toBe(made.certificate);
  const after = await certificates.ensureLeaf('hello.test', ['hello.test']);
  expect([before.renewed, after.renewed]).toEqual([true, true]);
});
