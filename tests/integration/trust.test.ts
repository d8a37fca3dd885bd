import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SystemChange } from '../../contract/system-changes.ts';
import { createCertificates, type Certificates } from '../../core/certificates/certificates.ts';
import type { JsonStore } from '../../core/config/json-store.ts';
import { createLedger, type Ledger } from '../../core/ledger/ledger.ts';
import { createNodeSystem } from '../../daemon/system/node-system.ts';
import { createTrustStores, type TrustStores } from '../../daemon/trust/trust-stores.ts';
import { createRuntimesWorld, manifestOf, never, silent } from './runtimes-world.ts';

const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const canChangeSystem = process.getuid?.() === 0 && existsSync('/usr/sbin/update-ca-certificates');

let root: string;
let home: string;
let certutil: string;
let ledger: Ledger;
let trust: TrustStores;
let certificates: Certificates;
const list = (database: string): string =>
  execFileSync(certutil, ['-L', '-d', `sql:${database}`], { encoding: 'utf8' });
const rootCertificate = (): string => readFileSync(join(root, 'kojibox/app/certs/root-ca.pem'), 'utf8').trim();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-trust-'));
  home = join(root, 'user');
  // Firefox's profile is there before, Chromium's database is made by us.
  mkdirSync(join(home, '.mozilla/firefox/abc.default'), { recursive: true });
  const { runtimes, layout } = await createRuntimesWorld(join(root, 'kojibox'), {
    manifest: manifestOf({
      name: 'nss-tools',
      series: 'test',
      version: 'test',
      os: 'linux',
      arch: 'x64',
      kind: 'tool',
      isDefault: true,
      size: 0,
      env: {},
      args: [],
      defaultPorts: [],
      checksum: 'archive-signature',
      binPath: 'runtime/bin/nss-tools/test/linux-x64/usr/bin/certutil',
      source: {
        type: 'debian',
        suite: 'bookworm',
        packages: ['libnss3-tools'],
        extraPackages: ['libnss3-tools'],
        executables: ['usr/bin/certutil'],
      },
    }),
  });
  certutil = join(runtimes.treePath(await runtimes.ensure('nss-tools', 'test', silent, never())), 'usr/bin/certutil');
  execFileSync(certutil, ['-N', '-d', `sql:${join(home, '.mozilla/firefox/abc.default')}`, '--empty-password']);

  const real = createNodeSystem({
    home: layout.home,
    environment: { PATH: `${dirname(certutil)}:${process.env['PATH'] ?? ''}` },
  });
  const system = { ...real, host: { ...real.host, homeDirectory: home } };
  certificates = createCertificates({ system, layout, userName: 'tester@here', notice: () => undefined });
  await certificates.ensureRoot();
  let changes: SystemChange[] = [];
  const store: JsonStore<SystemChange[]> = {
    get: () => changes,
    update: (change) => Promise.resolve((changes = change(changes))),
  };
  const notOurs = (): Promise<void> => Promise.reject(new Error('not of this test'));
  ledger = createLedger({
    clock: system.clock,
    store,
    undoers: {
      'hosts-block': notOurs,
      'shell-rc': notOurs,
      'trust-system': (target) => trust.remove('trust-system', target),
      'trust-nss': (target) => trust.remove('trust-nss', target),
      'low-ports': notOurs,
      resolver: notOurs,
      'keychain-key': notOurs,
    },
  });
  trust = createTrustStores({ system, layout, certificates, ledger });
});
afterAll(async () => {
  await ledger?.undo().catch(() => undefined); // What a failed test left in the system's own store.
  rmSync(root, { recursive: true, force: true });
});

describe('the trust stores', () => {
  it('get the local authority: Chromium, Firefox and, for root, the system', async () => {
    await trust.add();
    for (const database of ['.pki/nssdb', '.mozilla/firefox/abc.default'])
      expect(list(join(home, database))).toMatch(/Kojibox local CA [0-9a-f]{8}\s+C,,/);
    expect((await trust.stores()).find(({ store }) => store === 'nss')).toMatchObject({ present: true, trusted: true });
    if (canChangeSystem) expect(readFileSync(SYSTEM_BUNDLE, 'utf8')).toContain(rootCertificate());
  });

  it('get it once', async () => {
    const before = ledger.list().length;
    await trust.add();
    expect(ledger.list()).toHaveLength(before);
  });

  it('lose it again by the ledger, and nothing else', async () => {
    await ledger.undo();
    for (const database of ['.pki/nssdb', '.mozilla/firefox/abc.default'])
      expect(list(join(home, database))).not.toContain('Kojibox');
    if (canChangeSystem) expect(readFileSync(SYSTEM_BUNDLE, 'utf8')).not.toContain(rootCertificate());
    expect((await trust.stores()).every(({ trusted }) => !trusted)).toBe(true);
  });
});
