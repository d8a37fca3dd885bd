/** Snapshots on a disk that has no room, or gets full: real files, the size of the disk alone is not. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createChanges } from '../../core/changes/changes.ts';
import { toError } from '../../core/changes/to-error.ts';
import { createDataHold } from '../../core/databases/snapshots/data-hold.ts';
import { createSnapshots, type Snapshots, type SnapshotsOptions } from '../../core/databases/snapshots/snapshots.ts';
import type { FileSystem } from '../../core/system/files.ts';
import { createNodeSystem } from '../../daemon/system/node-system.ts';

let root: string;
let calls: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-disk-'));
  calls = [];
  mkdirSync(join(root, 'data/postgres/17/base'), { recursive: true });
  writeFileSync(join(root, 'data/postgres/17/PG_VERSION'), '17\n');
  writeFileSync(join(root, 'data/postgres/17/base/1'), 'x'.repeat(100_000));
});
afterEach(() => rmSync(root, { recursive: true }));

/** With a server that does what it is told at once. */
function open(change: (files: FileSystem) => Partial<FileSystem>): {
  snapshots: Snapshots;
  last: () => Promise<unknown>;
} {
  const system = createNodeSystem({ home: root, environment: {} });
  let state = 'running';
  const view = () => ({
    id: 'postgres',
    name: 'PostgreSQL',
    runtime: 'postgres',
    version: '17.1',
    state,
    desired: 'up',
  });
  const changes = createChanges({ clock: system.clock, publish: () => undefined, toError });
  const snapshots = createSnapshots({
    system: { ...system, files: { ...system.files, ...change(system.files) } },
    runtimes: { installed: () => ({ name: 'postgres', series: '17', version: '17.1' }), list: () => [] },
    supervisor: {
      states: () => [view()],
      state: view,
      withDependents: () => ['postgres'],
      stop: () => Promise.resolve(calls.push((state = 'stopped'))),
      start: () => Promise.resolve({ readyMs: calls.push((state = 'running')) }),
    },
    secrets: {},
    changes,
    hold: createDataHold(),
    logins: { hold: () => () => Promise.resolve() },
    folder: join(root, 'snapshots'),
    dataFolder: join(root, 'data'),
    notice: (text: string) => calls.push(text),
  } as unknown as SnapshotsOptions);
  const last = (): Promise<unknown> => changes.running('databases.snapshot')?.ended ?? Promise.resolve();
  return { snapshots, last };
}
const wanted = { engine: 'postgres', name: 'x', note: '', how: 'copy' } as const;
const found = (): string[] => readdirSync(join(root, 'snapshots'));

it('is refused before the server is stopped when there is no room', async () => {
  const { snapshots } = open(() => ({ freeBytes: () => Promise.resolve(1_000_000) }));
  await expect(snapshots.take(wanted)).rejects.toMatchObject({
    code: 'DISK_FULL',
    detail: expect.stringMatching(/1 MB free; 64 MB are needed/),
    remedy: expect.stringContaining('koji db snapshots'),
  });
  expect(calls).toEqual([]);
});

it('leaves nothing when the disk gets full in the middle, and the server runs again', async () => {
  const { snapshots, last } = open((files) => ({
    async copyTree(from, to, options) {
      await files.copyTree(from, to, options);
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  }));
  await snapshots.take(wanted);
  await expect(last()).rejects.toMatchObject({ code: 'DISK_FULL', detail: expect.stringContaining('no space left') });
  expect(calls).toEqual(['stopped', 'running']);
  expect(found()).toEqual([]);
});

it('is refused for a folder with links in it, with what helps', async () => {
  symlinkSync('/tmp', join(root, 'data/postgres/17/elsewhere'));
  const { snapshots, last } = open(() => ({}));
  await snapshots.take(wanted);
  await expect(last()).rejects.toMatchObject({
    code: 'DATABASE_FAILED',
    remedy: expect.stringContaining('--how dump'),
  });
  expect(found()).toEqual([]);
});

it('is whole, listed and deleted where nothing goes wrong', async () => {
  const { snapshots, last } = open(() => ({}));
  await snapshots.take(wanted);
  await last();
  const [made] = (await snapshots.list()).snapshots;
  expect(made).toMatchObject({ name: 'x', files: 2, sizeBytes: 100_003, complete: true, engine: 'postgres' });
  await snapshots.remove(made?.id ?? '');
  expect(found()).toEqual([]);
});
