import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemFiles } from '../../daemon/system/files.ts';
import type { JsonStore } from '../config/json-store.ts';
import type { DomainMapping } from '../../contract/domains.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FileSystem } from '../system/files.ts';
import type { System } from '../system/system.ts';
import { createDomains, type Domains } from './domains.ts';

const BEFORE = '127.0.0.1 localhost\n';
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-hosts-'));
  file = join(folder, 'hosts');
  writeFileSync(file, BEFORE);
});
afterEach(() => rmSync(folder, { recursive: true }));

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(`${code}: it fails`), { code }));
/** A hosts file in a world where some calls fail. */
function domainsWith(files: Partial<FileSystem>): Domains {
  const ledger = { record: (_: unknown, make: () => Promise<void>) => make() } as unknown as Ledger;
  return createDomains({
    system: {
      files: { ...systemFiles, ...files },
      host: { hostsFile: file, isRoot: false, os: 'linux' },
    } as unknown as System,
    store: { get: () => [] } as unknown as JsonStore<DomainMapping[]>,
    homeDigest: 'abc',
    ledger: () => ledger,
    nameServerPort: () => null,
    projectWith: () => null,
  });
}

describe('the hosts file', () => {
  it.each(['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS'])(
    'is written in place where %s forbids to replace it, and it is writable',
    async (code) => {
      await domainsWith({ writeAtomic: failing(code) }).applyHosts(['a.test', 'b.dev', 'c.localhost']);
      const text = readFileSync(file, 'utf8');
      expect(text.startsWith(BEFORE)).toBe(true);
      expect(text).toContain('127.0.0.1 a.test\n');
      // Names of others, and names that need no line.
      expect(text).not.toContain('b.dev');
      expect(text).not.toContain('c.localhost');
      expect(readdirSync(folder)).toEqual(['hosts']);
    },
  );

  it.each(['EACCES', 'ENOSPC', 'EIO', 'EDQUOT'])('stays whole when it cannot be written: %s', async (code) => {
    const domains = domainsWith({ writeAtomic: failing(code), canWrite: () => Promise.resolve(false) });
    await expect(domains.applyHosts(['a.test'])).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(readFileSync(file, 'utf8')).toBe(BEFORE);
  });

  it('gets its text back when the disk takes only a part of the new one', async () => {
    let writes = 0;
    const domains = domainsWith({
      writeAtomic: failing('EBUSY'),
      overwrite: async (path, content) => {
        writes += 1;
        if (writes > 1) return systemFiles.overwrite(path, content);
        writeFileSync(path, Buffer.from(content).subarray(0, 10));
        throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      },
    });
    await expect(domains.applyHosts(['a.test'])).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(readFileSync(file, 'utf8')).toBe(BEFORE);
  });

  it('that cannot be read leaves the .localhost name', async () => {
    const domains = domainsWith({ readText: failing('EACCES') });
    expect(await domains.linkFor('a.test', 8443)).toBe('https://a.localhost:8443');
  });
});
