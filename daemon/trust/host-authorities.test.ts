import { getCACertificates } from 'node:tls';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCaBundle } from '../../core/certificates/ca-bundle.ts';
import { createCertificates } from '../../core/certificates/certificates.ts';
import { layoutOf } from '../../core/layout.ts';
import { createNodeSystem } from '../system/node-system.ts';
import { createPublicAuthorities, HOST_BUNDLES } from './host-authorities.ts';

const folder = mkdtempSync(join(tmpdir(), 'kojibox-authorities-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bundle = join(folder, 'bundle.pem');
const local = join(folder, 'local.pem');
const ofHost = join(folder, 'host/ca-bundle.crt');
const privateAuthority: string[] = [];
const logged: string[] = [];
const real = createNodeSystem({ home: folder, environment: {} });
const log = { ...real.log, warn: (text: string) => logged.push(text) };

beforeAll(async () => {
  mkdirSync(join(folder, 'host'));
  writeFileSync(local, 'LOCAL\n');
  for (const name of ['a', 'b']) {
    const layout = layoutOf(join(folder, name));
    const system = createNodeSystem({ home: layout.home, environment: {} });
    await createCertificates({ system, layout, userName: name, notice: () => undefined }).ensureRoot();
    privateAuthority.push(readFileSync(layout.rootCertificate, 'utf8').trim());
  }
});

const write = async (change: Partial<typeof real.host> = {}): Promise<string> => {
  const system = { files: real.files, log, host: { ...real.host, ...change } };
  await writeCaBundle(
    real.files,
    bundle,
    local,
    createPublicAuthorities(system, bundle, [join(folder, 'none'), ofHost]),
  );
  return readFileSync(bundle, 'utf8');
};
const countIn = (text: string): number => text.split('-----BEGIN CERTIFICATE-----').length - 1;
const common = getCACertificates('bundled').length;

describe('the authorities of this computer', () => {
  it('are looked for where each kind of Linux has them', () => {
    for (const path of ['/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem'])
      expect(HOST_BUNDLES).toContain(path);
  });

  it('are in the bundle beside the public ones and the local one, each once, and follow every change', async () => {
    expect(countIn(await write())).toBe(common);
    const [a = '', b = ''] = privateAuthority;
    writeFileSync(ofHost, `# comment\n${a}\n${getCACertificates('bundled')[0] ?? ''}\n${a}\n`);
    const first = await write();
    expect(first).toContain(a);
    expect(first.endsWith('\nLOCAL\n')).toBe(true);
    expect(countIn(first)).toBe(common + 1);
    // Nothing is written while nothing has changed.
    utimesSync(bundle, 1, 1);
    expect(await write()).toBe(first);
    await expect(real.files.stat(bundle)).resolves.toMatchObject({ mtimeMs: 1000 });
    rmSync(ofHost);
    writeFileSync(join(folder, 'host/other.pem'), b);
    symlinkSync('other.pem', ofHost);
    const second = await write();
    expect(second).toContain(b);
    expect(second).not.toContain(a);
    rmSync(ofHost);
    expect(countIn(await write())).toBe(common);
  });

  it('are left out, with a line in the log, when they are no certificates', async () => {
    const damaged = '-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n';
    for (const [content, expected] of [
      [damaged + (privateAuthority[0] ?? ''), 1],
      ['<html>not found</html>', 0],
      [`${privateAuthority[0] ?? ''}\n${'x'.repeat(4 * 1024 * 1024)}`, 0],
    ] as const) {
      logged.length = 0;
      writeFileSync(ofHost, content);
      expect(countIn(await write())).toBe(common + expected);
      expect(logged).toHaveLength(1);
    }
    rmSync(ofHost);
    mkdirSync(ofHost);
    expect(countIn(await write())).toBe(common);
    rmSync(ofHost, { recursive: true });
  });

  it("come from the user's own SSL_CERT_FILE too, but not where the daemon is root", async () => {
    const own = join(folder, 'own.pem');
    writeFileSync(own, privateAuthority[1] ?? '');
    const environment = { SSL_CERT_FILE: own };
    expect(await write({ environment, isRoot: false })).toContain(privateAuthority[1]);
    expect(await write({ environment, isRoot: true })).not.toContain(privateAuthority[1]);
    const ofProject = { environment: { SSL_CERT_FILE: bundle }, isRoot: false };
    const before = await write(ofProject);
    expect(before).not.toContain('own.pem');
    expect(await write(ofProject)).toBe(before);
    expect(before.split('\n')[0]).not.toContain(bundle);
  });
});
