import { describe, expect, it } from 'vitest';
import { chooseClients } from './client-programs.ts';

const known = (...series: string[]) =>
  series.map((one) => ({ series: one.replace('*', ''), isInstalled: one.endsWith('*') }));

describe('the client programs for a server', () => {
  it.each([
    ['16.14', known('17', '15', '18'), '17'],
    ['18.4', known('15', '17', '18'), '18'],
    ['15.2', known('15', '17', '18'), '15'],
    ['17.10', known('15', '17', '18*'), '18'],
    ['17.10', known('15', '17*', '18*'), '17'],
  ])('%s are the nearest that are not older, those that are here first', (version, there, series) =>
    expect(chooseClients(there, version)).toEqual({ series, canDump: true }),
  );

  it('can ask, but not dump, a server that is newer than all of them', () => {
    expect(chooseClients(known('15', '16*'), '18.4')).toEqual({ series: '16', canDump: false });
    expect(chooseClients([], '18.4')).toEqual({ series: undefined, canDump: false });
  });
});
