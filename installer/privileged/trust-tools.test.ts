import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { distrustCommand, TRUST_KINDS, trustCommand, trustKindOf } from '../../core/privileged/trust-kinds.ts';
import { LOCAL_DOMAINS } from '../../core/certificates/local-domains.ts';
import { issueRoot } from '../../core/certificates/x509.ts';
import { readAuthority, type Authority } from '../../core/privileged/authority.ts';
import type { Machine } from './machine.ts';
import { createTrustTools } from './trust-tools.ts';

let root: string;
let ran: string[];
const machine = (): Machine => ({
  system: 'linux',
  root,
  now: Date.now,
  run: (program, args) => void ran.push([program, ...args].join(' ')),
  setKernel: () => undefined,
});
const make = (path: string, isFolder = false): void => {
  mkdirSync(isFolder ? join(root, path) : dirname(join(root, path)), { recursive: true });
  if (!isFolder) writeFileSync(join(root, path), '');
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-trust-'));
  chmodSync(root, 0o755);
  ran = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const now = new Date();
const { certificate } = issueRoot({ name: 'Kojibox local CA (tester@here)', domains: LOCAL_DOMAINS, now, days: 3650 });
const read = readAuthority(certificate, now.getTime());
if ('refused' in read) throw new Error(read.refused);
const authority: Authority = read;

describe('the trust store of each kind of Linux', () => {
  it.each([
    ['fedora', '/etc/pki/ca-trust/source/anchors', '/usr/bin/update-ca-trust', ' extract', ' extract'],
    ['arch', '/etc/ca-certificates/trust-source/anchors', '/usr/bin/update-ca-trust', '', ''],
    ['suse', '/etc/pki/trust/anchors', '/usr/sbin/update-ca-certificates', '', ' --fresh'],
    ['debian', '/usr/local/share/ca-certificates', '/usr/sbin/update-ca-certificates', '', ' --fresh'],
  ])('%s: gets the authority, and loses exactly it', (id, folder, program, added, removed) => {
    make(folder, true);
    make(program);
    const tools = createTrustTools(machine());
    expect(tools.add(authority)).toMatchObject({ status: 'changed' });
    const name = `kojibox-${authority.fingerprint.slice(0, 8)}.crt`;
    expect(readdirSync(join(root, folder))).toEqual([name]);
    expect(tools.add(authority)).toMatchObject({ status: 'unchanged' });
    expect(tools.remove(authority.fingerprint)).toMatchObject({ status: 'changed' });
    expect(readdirSync(join(root, folder))).toEqual([]);
    expect(ran).toEqual([`${program}${added}`, `${program}${removed}`]);
    const kind = TRUST_KINDS.find((known) => known.id === id)!;
    const short = program.split('/').at(-1) ?? '';
    expect(trustCommand(kind, '/ca.pem', '/f')).toBe(`sudo sh -c 'cp /ca.pem /f && ${short}${added}'`);
    expect(distrustCommand(kind, '/f')).toBe(`sudo sh -c 'rm -f /f && ${short}${removed}'`);
  });

  it('takes its file back when the program fails', () => {
    make('/etc/pki/ca-trust/source/anchors', true);
    make('/usr/bin/update-ca-trust');
    const fails = (): never => {
      throw new Error('no room');
    };
    expect(() => createTrustTools({ ...machine(), run: fails }).add(authority)).toThrow('no room');
    expect(readdirSync(join(root, '/etc/pki/ca-trust/source/anchors'))).toEqual([]);
  });

  it('is not known where a program or the folder is missing, nor on NixOS', () => {
    expect(() => createTrustTools(machine())).toThrow('no trust store that is known here');
    make('/usr/sbin/update-ca-certificates');
    expect(() => createTrustTools(machine())).toThrow('no trust store that is known here');
    make('/usr/local/share/ca-certificates', true);
    expect(trustKindOf((path) => existsSync(join(root, path)))).toMatchObject({ id: 'debian' });
    make('/etc/NIXOS');
    expect(() => createTrustTools(machine())).toThrow('no trust store that is known here');
  });
});
