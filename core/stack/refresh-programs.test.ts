import { expect, it } from 'vitest';
import type { OwnService } from '../../contract/own-services.ts';
import type { Logger } from '../system/logger.ts';
import type { CatalogEntry, PreparedLaunch } from './catalog.ts';
import { createProgramRefresh } from './refresh-programs.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Logger;
const entry = (id: string): CatalogEntry => ({
  id,
  name: id,
  runtime: null,
  series: null,
  dependsOn: [],
  enabled: true,
  own: { id, cwd: id } as OwnService,
});

it('starts again what runs with another environment, and nothing else', async () => {
  const running: Record<string, string> = { same: 'a', changed: 'old', adopted: 'old', broken: 'a', outside: 'old' };
  const restarted: string[] = [];
  const refresh = createProgramRefresh({
    log,
    entries: () => ['same', 'changed', 'adopted', 'broken', 'stopped', 'outside'].map(entry),
    isOfProject: async ({ cwd }) => cwd !== 'outside',
    describe: ({ id }) =>
      id === 'broken'
        ? Promise.reject(new Error('no such secret'))
        : Promise.resolve({ spec: { fingerprint: id === 'same' ? 'a' : 'new' } } as PreparedLaunch),
    supervisor: {
      state: (id) => ({ state: id === 'stopped' ? 'stopped' : 'running' }) as never,
      isOutdated: (id) => id === 'adopted',
      fingerprintOf: (id) => running[id] ?? null,
      restart: async (id) => {
        restarted.push(id);
        running[id] = 'new';
        return {} as never;
      },
    },
  });
  await Promise.all([refresh(), refresh()]);
  expect(restarted).toEqual(['changed']);
  await refresh();
  expect(restarted).toEqual(['changed']);
});
