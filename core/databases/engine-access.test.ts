import { describe, expect, it } from 'vitest';
import type { RuntimeListEntry } from '../../contract/runtimes.ts';
import { assertCanDump, createEngineAccess } from './engine-access.ts';

describe('a server that is newer than every pg_dump of this system', () => {
  const accessTo = (version: string) =>
    createEngineAccess({
      supervisor: { state: () => ({ runtime: 'postgres', version, name: 'PostgreSQL' }) },
      runtimes: { list: () => [{ name: 'postgres-client', series: '16', installed: null } as RuntimeListEntry] },
    } as unknown as Parameters<typeof createEngineAccess>[0]);

  it('is not dumped, and a copy is named as the way that is left', () => {
    expect(accessTo('18.4').dumpProblem('postgres', 'postgres-client')).toContain('the newest is 16');
    expect(() => assertCanDump(accessTo('18.4'), 'postgres', 'postgres-client', 'cannot write a dump')).toThrow(
      expect.objectContaining({
        code: 'RUNTIME_UNSUPPORTED',
        remedy: expect.stringContaining('koji db snapshot postgres NAME --how copy'),
      }),
    );
  });

  it('is dumped where there is one, and where the server brings its own', () => {
    expect(accessTo('16.2').dumpProblem('postgres', 'postgres-client')).toBe('');
    expect(accessTo('18.4').dumpProblem('mariadb', null)).toBe('');
    expect(() => assertCanDump(accessTo('16.2'), 'postgres', 'postgres-client', 'x')).not.toThrow();
  });
});
