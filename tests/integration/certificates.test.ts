import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificates, type Certificates } from '../../core/certificates/certificates.ts';
import { issueLeaf, issueRoot, type Issuer } from '../../core/certificates/x509.ts';
import { layoutOf } from '../../core/layout.ts';
import { requestSite } from '../../daemon/edge-control.ts';
import { createNodeSystem } from '../../daemon/system/node-system.ts';

let home: string;
let certificates: Certificates;
const notices: string[] = [];
const make = (): Certificates =>
  createCertificates({
    system: createNodeSystem({ home, environment: {} }),
    layout: layoutOf(home),
    userName: 'tester@here',
    notice: (text) => notices.push(text),
  });
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'kojibox-certs-'));
  certificates = make();
  await certificates.ensureRoot();
});
afterAll(() => rmSync(home, { recursive: true }));

describe('the local authority', () => {
  it('makes leaves that OpenSSL and Node accept, for all their names', async () => {
    const { certificateFile, keyFile } = await certificates.ensureLeaf('hello.test', ['hello.test', 'hello.localhost']);
    const root = layoutOf(home).rootCertificate;
    expect(openssl('verify', '-x509_strict', '-CAfile', root, certificateFile)).toContain('OK');
    const text = openssl('x509', '-in', certificateFile, '-noout', '-text');
    expect(text).toContain('DNS:hello.test, DNS:hello.localhost');
    expect(text).toContain('TLS Web Server Authentication');

    const server = createServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) });
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const trusted = await new Promise<boolean>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'hello.test', ca: readFileSync(root) }, () => {
        resolve(socket.authorized);
        socket.destroy();
      });
      socket.on('error', reject);
    });
    server.close();
    expect(trusted).toBe(true);
  });

  it('cannot vouch for names of the internet, even by somebody who has its key', () => {
    const layout = layoutOf(home);
    const key = createPrivateKey(readFileSync(layout.rootKey));
    const root = new X509Certificate(readFileSync(layout.rootCertificate));
    const name = /CN=(.*)$/m.exec(root.subject)?.[1] ?? '';
    const stolen = issueLeaf({
      issuer: { name, key, publicKey: createPublicKey(key) },
      hosts: ['google.com'],
      now: new Date(),
      days: 30,
    });
    const file = join(home, 'stolen.pem');
    writeFileSync(file, stolen.certificate);
    expect(() => openssl('verify', '-CAfile', layout.rootCertificate, file)).toThrow(/permitted subtree violation/);
  });

  it('refuses to make such a leaf itself', async () => {
    await expect(certificates.ensureLeaf('shop.example.com', ['shop.example.com'])).rejects.toMatchObject({
      code: 'CERTIFICATE_FAILED',
    });
  });

  it('keeps its keys to itself', async () => {
    const { keyFile } = await certificates.ensureLeaf('hello.test', ['hello.test', 'hello.localhost']);
    expect(statSync(layoutOf(home).rootKey).mode & 0o077).toBe(0);
    // As root, the edge reads the keys of sites by its group, and writes none.
    expect(statSync(keyFile).mode & 0o077).toBe(process.getuid?.() === 0 ? 0o040 : 0);
  });

  it('uses a leaf again, and makes another when names change or a file is damaged', async () => {
    const hosts = ['again.test', 'again.localhost'];
    expect(await certificates.ensureLeaf('again.test', hosts)).toMatchObject({ renewed: true });
    expect(await certificates.ensureLeaf('again.test', hosts)).toMatchObject({ renewed: false });
    expect(await make().ensureLeaf('again.test', hosts)).toMatchObject({ renewed: false });
    expect(await certificates.ensureLeaf('again.test', [...hosts, 'www.again.test'])).toMatchObject({ renewed: true });
    const { keyFile } = await certificates.ensureLeaf('again.test', hosts);
    writeFileSync(
      keyFile,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    expect(await make().ensureLeaf('again.test', hosts)).toMatchObject({ renewed: true });
  });

  it('makes another authority when its own is damaged, and says so', async () => {
    const before = await certificates.rootFingerprint();
    writeFileSync(layoutOf(home).rootKey, 'nonsense');
    const healed = make();
    await healed.ensureRoot();
    expect(await healed.rootFingerprint()).not.toBe(before);
    expect(notices.join()).toContain('was damaged');
    expect(await healed.ensureLeaf('hello.test', ['hello.test', 'hello.localhost'])).toMatchObject({ renewed: true });
  });
});

describe('the authority vouches for no', () => {
  it.each([
    ['address of mail', 'email:root@google.com'],
    ['address of mail of a local host', 'email:me@hello.test'],
    ['address of a page', 'URI:https://google.com/'],
    ['host of a cloud provider', 'DNS:metadata.google.internal'],
    ['host of a container engine', 'DNS:host.docker.internal'],
    ['public host', 'DNS:google.com'],
  ])('%s: %s', async (_, name) => {
    const layout = layoutOf(home);
    await make().ensureRoot();
    const file = (end: string): string => join(home, `forged.${end}`);
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=x',
      '-keyout',
      file('key'),
      '-out',
      file('csr'),
    );
    writeFileSync(file('ext'), `subjectAltName=${name}\n`);
    openssl(
      'x509',
      '-req',
      '-in',
      file('csr'),
      '-CA',
      layout.rootCertificate,
      '-CAkey',
      layout.rootKey,
      '-days',
      '2',
      '-set_serial',
      '7',
      '-extfile',
      file('ext'),
      '-out',
      file('crt'),
    );
    expect(() => openssl('verify', '-CAfile', layout.rootCertificate, file('crt'))).toThrow(
      /subtree violation|unsupported/,
    );
  });
});

describe('the look at a site after the start', () => {
  const root = (name: string): ReturnType<typeof issueRoot> =>
    issueRoot({ name, domains: ['test', 'localhost'], now: new Date(), days: 30 });
  const ours = root('ours');
  const day = 86_400_000;

  const look = async (host: string, leaf: { certificate: string; privateKey: string }): Promise<number> => {
    const server = createServer({ cert: leaf.certificate, key: leaf.privateKey }, (request, response) =>
      response.writeHead(request.headers.host?.startsWith('hello.test') === true ? 200 : 404).end(),
    );
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
    try {
      return await requestSite(`https://${host}:${port}`, ours.certificate);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
  const leaf = (issuer: Issuer, from: number): ReturnType<typeof issueLeaf> =>
    issueLeaf({ issuer, hosts: ['hello.test'], now: new Date(Date.now() + from), days: 1 });

  it('takes a certificate of the local authority', async () => {
    expect(await look('hello.test', leaf(ours.issuer, 0))).toBe(200);
  });
  it('takes no other', async () => {
    const said = (detail: string): object => ({ code: 'START_FAILED', detail });
    const elsewhere = root('ours'); // Of the same name, with another key.
    await expect(look('hello.test', leaf(elsewhere.issuer, 0))).rejects.toMatchObject(
      said('its certificate is not from the local authority'),
    );
    await expect(look('hello.test', leaf(ours.issuer, -5 * day))).rejects.toMatchObject(
      said('its certificate is not valid now'),
    );
    await expect(look('hello.test', leaf(ours.issuer, 5 * day))).rejects.toMatchObject(
      said('its certificate is not valid now'),
    );
    await expect(look('other.test', leaf(ours.issuer, 0))).rejects.toMatchObject(
      said('its certificate is not for other.test'),
    );
  });
});
