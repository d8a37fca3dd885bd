import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import hostile from 'hostile';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDomains, type Domains } from '../../core/domains/domains.ts';
import { createLedger, type Ledger } from '../../core/ledger/ledger.ts';
import type { JsonStore } from '../../core/config/json-store.ts';
import { createNodeSystem } from '../../daemon/system/node-system.ts';

const ORIGINAL = '127.0.0.1 localhost\r\n# mine\r\n10.0.0.7 build.example';
let folder: string;
let hosts: string;
let domains: Domains;
let ledger: Ledger;

function memoryStore<T>(initial: T): JsonStore<T> {
  let value = initial;
  return { get: () => value, update: (change) => Promise.resolve((value = change(value))) };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-domains-'));
  hosts = join(folder, 'hosts');
  writeFileSync(hosts, ORIGINAL, { mode: 0o640 });
  const system = createNodeSystem({ home: folder, environment: { KOJIBOX_HOSTS_FILE: hosts } });
  domains = createDomains({
    system,
    store: memoryStore([]),
    homeDigest: 'abcd1234',
    ledger: () => ledger,
    nameServerPort: () => null,
    projectWith: () => null,
  });
  ledger = createLedger({
    clock: system.clock,
    store: memoryStore([]),
    undoers: {
      'hosts-block': () => domains.removeHostsBlock(),
      'shell-rc': () => Promise.reject(new Error('not ours')),
      'trust-system': () => Promise.resolve(),
      'trust-nss': () => Promise.resolve(),
      'low-ports': () => Promise.resolve(),
      resolver: () => Promise.resolve(),
      'keychain-key': () => Promise.resolve(),
    },
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

it('gives back what is in another encoding, byte for byte', async () => {
  const before = Buffer.from('127.0.0.1 localhost\n10.0.0.8 b\xfcro # B\xfcro\n', 'latin1');
  writeFileSync(hosts, before);
  await domains.applyHosts(['shop.test']);
  expect(readFileSync(hosts).subarray(0, before.length).equals(before)).toBe(true);
  await domains.removeHostsBlock();
  expect(readFileSync(hosts).equals(before)).toBe(true);
});

describe('the hosts file', () => {
  it('is read by another program as it was meant, keeps its mode, and comes back by the ledger', async () => {
    await domains.applyHosts(['hello.test', 'shop.test', 'x.localhost']);
    const seen = (await promisify(hostile.getFile)(hosts, false)) as [string, string][];
    expect(seen).toEqual([
      ['127.0.0.1', 'localhost'],
      ['10.0.0.7', 'build.example'],
      ['127.0.0.1', 'hello.test'],
      ['::1', 'hello.test'],
      ['127.0.0.1', 'shop.test'],
      ['::1', 'shop.test'],
    ]);
    expect(statSync(hosts).mode & 0o777).toBe(0o640);
    expect(ledger.list()).toMatchObject([{ kind: 'hosts-block', target: hosts, undoneAt: null }]);

    await domains.applyHosts(['hello.test']);
    expect(ledger.list()).toHaveLength(1);
    await ledger.undo();
    expect(readFileSync(hosts, 'utf8')).toBe(`${ORIGINAL}\r\n`);
    expect(ledger.list()[0]?.undoneAt).not.toBeNull();
    await ledger.undo();
  });

  it('shows the step of the ladder that works, and why', async () => {
    expect(await domains.linkFor('hello.test', 8443)).toBe('https://hello.localhost:8443');
    await domains.applyHosts(['hello.test']);
    expect(await domains.linkFor('hello.test', 8443)).toBe('https://hello.test:8443');
    expect(await domains.linkFor('hello.test', 443)).toBe('https://hello.test');
    writeFileSync(hosts, `10.0.0.7 hello.test\n${readFileSync(hosts, 'utf8')}`);
    const [first] = await domains.steps('hello.test', 443);
    expect(first).toMatchObject({
      step: 'hosts-file',
      works: false,
      reason: expect.stringContaining('10.0.0.7 hello.test'),
    });
  });

  /** `applyHosts` in a name space of mounts, with a hosts file as `script` makes it; what it said, and the link afterwards. */
  const applyIn = (script: string): { said: string; link: string } => {
    const program = `
      const { createDomains } = await import('file://${resolve('core/domains/domains.ts')}');
      const { createNodeSystem } = await import('file://${resolve('daemon/system/node-system.ts')}');
      const system = createNodeSystem({ home: '${folder}', environment: { KOJIBOX_HOSTS_FILE: '${hosts}' } });
      const store = { get: () => [], update: async () => [] };
      const ledger = { record: (_, work) => work() };
      const domains = createDomains({ system, store, homeDigest: 'abcd1234', ledger: () => ledger, nameServerPort: () => null, projectWith: () => null });
      const may = await domains.canWriteHosts();
      const said = await domains.applyHosts(['hello.test']).then(() => 'written', ({ code }) => code);
      console.log(JSON.stringify({ said: (may ? 'may ' : 'may not ') + said, link: await domains.linkFor('hello.test', 443) }));`;
    const node = `exec ${process.execPath} --no-warnings --input-type=module -e "$0"`;
    const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const { stdout, stderr } = spawnSync(
      'unshare',
      [...asRoot, '--mount', '/bin/sh', '-c', `set -e; cd ${folder}\n${script}\n${node}`, program],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    return JSON.parse(stdout) as { said: string; link: string };
  };

  it.each([
    ['is a mount of its own, as in a container', 'cp hosts real; mount --bind real hosts', 'may written'],
    ['lies on a read-only file system', 'mount --bind . . ; mount -o remount,ro,bind . ; cd .', 'may not'],
    ['is a read-only mount of its own', 'mount --bind hosts hosts; mount -o remount,ro,bind hosts', 'may not'],
    ['is a folder', 'rm hosts; mkdir hosts', 'may'],
  ])('that %s is written, or the next step of the ladder is taken', (_, script, expected) => {
    const { said, link } = applyIn(script);
    expect(said).toContain(expected);
    expect(link).toBe(said.endsWith(' written') ? 'https://hello.test' : 'https://hello.localhost');
  });

  it('gives a domain to one project only', async () => {
    await domains.upsert({ domain: 'api.test', projectId: 'one', targetPort: 3000 });
    await expect(domains.upsert({ domain: 'api.test', projectId: 'two', targetPort: 3001 })).rejects.toMatchObject({
      code: 'DOMAIN_TAKEN',
      detail: 'one has it',
    });
    await domains.upsert({ domain: 'api.test', projectId: 'one', targetPort: 3002 });
    expect(domains.list()).toEqual([{ domain: 'api.test', projectId: 'one', targetPort: 3002 }]);
    await expect(domains.remove('nothing.test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
