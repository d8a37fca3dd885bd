import { expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
import { pendingFailures, retryOf } from './pending-failures.ts';

const change = (
  id: number,
  kind: string,
  summary: string,
  status: Change['status'],
  code = 'DOWNLOAD_FAILED',
): Change => ({
  id: String(id),
  kind,
  summary,
  status,
  progress: 1,
  remainingMs: null,
  tasks: [],
  startedAt: new Date(id * 1000).toISOString(),
  endedAt: new Date(id * 1000 + 10).toISOString(),
  error:
    status === 'failed'
      ? {
          code: code as 'DOWNLOAD_FAILED',
          message: 'm',
          detail: '',
          retryable: true,
          source: 's',
          ts: new Date(0).toISOString(),
        }
      : null,
});
const ids = (changes: readonly Change[]): string[] => pendingFailures(changes).map(({ id }) => id);

it('keeps failures of every kind, newest first, and one of the same work', () => {
  expect(
    ids([
      change(3, 'projects.create', 'Creating B', 'failed'),
      change(1, 'projects.create', 'Creating A', 'failed'),
      change(2, 'imports.apply', 'Importing', 'failed'),
      change(4, 'projects.create', 'Creating A', 'failed'),
    ]),
  ).toEqual(['4', '3', '2']);
});

it('forgets a failure when the same work was done later, and not when it was done before', () => {
  const failed = change(2, 'stack.up', 'Starting the stack', 'failed');
  expect(ids([failed, change(3, 'stack.up', 'Starting the stack', 'done')])).toEqual([]);
  expect(ids([change(1, 'stack.up', 'Starting the stack', 'done'), failed])).toEqual(['2']);
  expect(ids([failed, change(3, 'stack.up', 'Starting the stack', 'running')])).toEqual(['2']);
});

it('tries again what it knows, and nothing that holds a password or replaces data', () => {
  const clone = change(1, 'projects.create', 'Creating A', 'failed');
  const begun = { name: 'projects.create', params: { kind: 'git' } } as const;
  expect(retryOf(clone, begun)).toEqual(begun);
  expect(retryOf(clone, undefined)).toBeNull();
  expect(retryOf(change(1, 'stack.up', 'x', 'failed'), undefined)).toEqual({ name: 'stack.up', params: {} });
  for (const name of ['serverImport.start', 'databases.import', 'databases.restore', 'databases.drop'] as const)
    expect(retryOf(change(1, name, 'x', 'failed'), { name, params: {} })).toBeNull();
});
