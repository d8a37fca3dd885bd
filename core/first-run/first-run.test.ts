import { describe, expect, it } from 'vitest';
import type { PortHolder } from '../system/network.ts';
import { checkPorts, type PortFacts } from './port-checks.ts';
import { downloadsOf, missingBytes, PRESETS } from './presets.ts';

const entry = (name: string, series: string, size: number, isDefault: boolean, installed = false) =>
  ({ name, series, size, isDefault, installed: installed ? {} : null }) as Parameters<typeof downloadsOf>[0][number];

describe('what is fetched', () => {
  const downloads = downloadsOf([
    entry('composer', '2.8', 1, true),
    entry('php', '8.2', 40, true),
    entry('php', '8.4', 50, false),
    entry('postgres', '16', 20, false),
    entry('postgres', '17', 23, true, true),
    entry('node', '24', 55, true),
  ]);
  const answers = { services: ['php', 'postgres'] as const, node: false, phpVersion: null, nodeVersion: null };

  it('has the standard version of each first, and nothing that nobody chooses', () => {
    expect(downloads.map(({ name, series }) => `${name} ${series}`)).toEqual([
      'php 8.2',
      'php 8.4',
      'postgres 17',
      'postgres 16',
      'node 24',
    ]);
  });

  it.each([
    [{}, 40],
    [{ phpVersion: '8.4' }, 50],
    [{ node: true }, 95],
    [{ services: ['postgres'] as const }, 0],
    [{ services: ['mariadb'] as const }, 0],
  ])('%j costs %i', (change, bytes) => {
    const all = { ...answers, ...change };
    expect(missingBytes({ ...all, services: [...all.services] }, downloads)).toBe(bytes);
  });

  it('every preset is another one', () => {
    const forms = PRESETS.map(({ services, node }) => `${[...services].sort().join()} ${String(node)}`);
    expect(new Set(forms).size).toBe(PRESETS.length);
  });
});

describe('ports', () => {
  const facts = (
    taken: Readonly<Record<number, string>>,
    more: Partial<PortFacts> = {},
    forbidden: readonly number[] = [],
  ): PortFacts => ({
    network: {
      async canBind(port) {
        if (taken[port] !== undefined) return { ok: false, reason: 'in-use', detail: 'in use' };
        return forbidden.includes(port) ? { ok: false, reason: 'forbidden', detail: 'EACCES' } : { ok: true };
      },
      holderOf: async (port): Promise<PortHolder | null> =>
        taken[port] === undefined
          ? null
          : { pid: 7, program: taken[port], description: `process 7 (/usr/sbin/${taken[port]} --and --more)` },
    } as PortFacts['network'],
    assigned: {},
    isOurs: () => false,
    chosen: {},
    ...more,
  });
  const postgres = { key: 'postgres.db', name: 'PostgreSQL', port: 5432, choosable: true };
  const https = { key: 'edge.https', name: 'HTTPS', port: 443, fallback: 8443, choosable: false };

  it('are free', async () => {
    expect(await checkPorts([postgres], facts({}))).toEqual([
      {
        key: 'postgres.db',
        name: 'PostgreSQL',
        port: 5432,
        state: 'free',
        holder: null,
        proposed: 5432,
        choosable: true,
      },
    ]);
  });

  it('are held by somebody, and the next free one is proposed, to one service alone', async () => {
    const other = { ...postgres, key: 'other.db' };
    const checked = await checkPorts([postgres, other], facts({ 5432: 'postgres', 5433: 'x' }));
    expect(checked.map(({ state, holder, proposed }) => [state, holder, proposed])).toEqual([
      ['taken', 'postgres (pid 7)', 5434],
      ['taken', 'postgres (pid 7)', 5435],
    ]);
  });

  it('may not be used by this user', async () => {
    const [checked] = await checkPorts([https], facts({}, {}, [443]));
    expect(checked).toMatchObject({
      state: 'forbidden',
      holder: 'no program; this user may not use it',
      proposed: 8443,
    });
  });

  it('are ours, also where they had to move', async () => {
    const isOurs = (_: string, port: number): boolean => port === 5440;
    const moved = facts({ 5432: 'x', 5440: 'us' }, { assigned: { 'postgres.db': 5440 }, isOurs });
    expect(await checkPorts([postgres], moved)).toMatchObject([{ state: 'taken', proposed: 5440 }]);
    const usual = facts({ 5432: 'us' }, { assigned: { 'postgres.db': 5432 }, isOurs: () => true });
    expect(await checkPorts([postgres], usual)).toMatchObject([{ state: 'ours', holder: null, proposed: 5432 }]);
  });

  it('that were chosen are the proposed ones', async () => {
    expect(await checkPorts([postgres], facts({}, { chosen: { 'postgres.db': 6000 } }))).toMatchObject([
      { proposed: 6000 },
    ]);
  });
});
