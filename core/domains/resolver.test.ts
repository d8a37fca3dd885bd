import { describe, expect, it } from 'vitest';
import { PrivilegedActionSchema } from '../privileged/request.ts';
import { macResolverFile, resolverUnit, suffixesOfUnit } from '../privileged/resolver.ts';
import { isSentHere, resolverSuffixes } from './resolver.ts';

type Machine = Parameters<typeof isSentHere>[0];
const machine = (os: 'linux' | 'darwin' | 'windows', files: Readonly<Record<string, string>>): Machine =>
  ({ host: { os }, files: { readText: async (path: string) => files[path] ?? null } }) as unknown as Machine;
const UNIT = '/etc/systemd/system/kojibox-resolver.service';

describe('which names are asked here', () => {
  it.each([
    [[], ['test']],
    [['shop.test', 'a.shop.test', 'x.localhost', 'printer.local'], ['test']],
    [
      ['shop.lan', 'api.shop.lan', 'b.home.arpa'],
      ['test', 'b.home.arpa', 'shop.lan'],
    ],
    [['lan', 'home.arpa', 'internal', 'shop.com'], ['test']],
  ])('%j: %j', (names, suffixes) => expect(resolverSuffixes(names)).toEqual(suffixes));

  it('are never more than the helper takes', () => {
    const suffixes = resolverSuffixes(Array.from({ length: 100 }, (_, index) => `s${index}.lan`));
    expect(PrivilegedActionSchema.safeParse({ verb: 'resolver.set', suffixes, port: 15_353 }).success).toBe(true);
    expect(suffixes[0]).toBe('test');
  });

  it.each([
    'lan',
    'com',
    'bank.com',
    'shop.test',
    'x.local',
    'a.localhost',
    'home.arpa',
    'x.lan\nExecStart=/bin/sh',
    '~.',
    '',
  ])('may not be %j', (suffix) => {
    const action = { verb: 'resolver.set', suffixes: ['test', suffix], port: 15_353 };
    expect(PrivilegedActionSchema.safeParse(action).success).toBe(false);
  });
});

describe('whether a name comes here', () => {
  const unit = resolverUnit(['test', 'shop.lan'], 15_353);

  it('is read from the unit, which must be ours to the byte', async () => {
    expect(suffixesOfUnit(unit)).toEqual(['test', 'shop.lan']);
    const linux = machine('linux', { [UNIT]: unit });
    for (const name of ['test', 'x.test', 'shop.lan', 'a.b.shop.lan'])
      expect(await isSentHere(linux, name, 15_353), name).toBe(true);
    for (const name of ['lan', 'nas.lan', 'attest', 'myshop.lan'])
      expect(await isSentHere(linux, name, 15_353), name).toBe(false);
    expect(await isSentHere(linux, 'x.test', 15_354)).toBe(false);
    expect(await isSentHere(linux, 'x.test', null)).toBe(false);
    expect(await isSentHere(machine('linux', {}), 'x.test', 15_353)).toBe(false);
    expect(await isSentHere(machine('linux', { [UNIT]: `${unit}#` }), 'x.test', 15_353)).toBe(false);
  });

  it('is one file per suffix on macOS, and nothing on Windows', async () => {
    const mac = machine('darwin', {
      '/etc/resolver/test': macResolverFile(15_353),
      '/etc/resolver/lan': 'nameserver 10.0.0.1',
    });
    expect(await isSentHere(mac, 'a.shop.test', 15_353)).toBe(true);
    expect(await isSentHere(mac, 'nas.lan', 15_353)).toBe(false);
    expect(await isSentHere(machine('windows', {}), 'x.test', 15_353)).toBe(false);
  });
});
