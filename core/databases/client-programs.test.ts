import { describe, expect, it } from 'vitest';
import { chooseClients, userOf } from './client-programs.ts';

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

describe('the user of a client program', () => {
  const service = { uid: 65534, gid: 65534 };
  it('is that of the services under root, except where the daemon itself has to write', () => {
    expect(userOf({ isRoot: true, serviceUser: service }, {})).toEqual({ user: service });
    expect(userOf({ isRoot: true, serviceUser: service }, { asDaemon: true })).toEqual({});
    expect(userOf({ isRoot: false, serviceUser: service }, {})).toEqual({});
  });
});
