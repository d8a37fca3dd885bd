import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActivityEntry } from '../contract/activity.ts';
import type { Change } from '../contract/changes.ts';
import { operationByName } from '../contract/index.ts';
import { openActivity, type Activity } from './activity.ts';

let folder: string;
let published: ActivityEntry[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-activity-'));
  published = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const ignore = (): void => undefined;
const open = (): Activity =>
  openActivity(join(folder, 'activity.jsonl'), {
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    mask: (text) => text.replaceAll('s3cret', '••'),
    publish: (entry) => published.push(entry),
  });
const begin = (activity: Activity, name: string, changeId: string | null): void => {
  const operation = operationByName.get(name);
  if (operation === undefined) throw new Error(name);
  activity.add(operation, { params: {}, by: 'http', error: null, durationMs: 1, changeId });
};
const change = (id: string, status: Change['status'], message = ''): Change => ({
  id,
  kind: 'projects.create',
  summary: 'Creating Shop',
  status,
  progress: 1,
  remainingMs: null,
  tasks: [],
  startedAt: new Date().toISOString(),
  endedAt: new Date(Date.now() + 5000).toISOString(),
  error:
    message === ''
      ? null
      : { code: 'DOWNLOAD_FAILED', message, detail: '', retryable: true, source: 'x', ts: new Date().toISOString() },
});

it('learns how a change ended, for all who began or joined it, and keeps it over a restart', () => {
  const activity = open();
  begin(activity, 'projects.create', 'create-1');
  begin(activity, 'stack.up', 'up-1');
  begin(activity, 'stack.up', 'up-1');
  begin(activity, 'services.start', null);
  activity.ended(change('create-1', 'running'));
  expect(activity.list(10).map(({ status }) => status)).toEqual(['done', 'begun', 'begun', 'begun']);
  activity.ended(change('create-1', 'failed', 'cannot clone s3cret'));
  activity.ended(change('up-1', 'done'));
  activity.ended(change('of nobody', 'failed', 'x'));
  // Short work ends before its operation is answered.
  activity.ended(change('down-1', 'done'));
  begin(activity, 'stack.down', 'down-1');
  const expected = [
    ['5', 'done', ''],
    ['4', 'done', ''],
    ['3', 'done', ''],
    ['2', 'done', ''],
    ['1', 'failed', 'DOWNLOAD_FAILED: cannot clone ••'],
  ];
  const shown = (one: Activity): string[][] => one.list(10).map(({ id, status, error }) => [id, status, error]);
  expect(shown(activity)).toEqual(expected);
  expect(published.at(-1)).toMatchObject({ id: '5', status: 'done' });
  expect(activity.list(10).at(-1)?.durationMs).toBeGreaterThan(4000);
  expect(readFileSync(join(folder, 'activity.jsonl'), 'utf8')).not.toContain('s3cret');
  expect(shown(open())).toEqual(expected);
});

it('says of a change that the daemon did not live to end that it was interrupted', () => {
  begin(open(), 'projects.create', 'create-1');
  const next = open();
  expect(next.list(10)).toMatchObject([{ status: 'interrupted' }]);
  // Another change of the next daemon has the same id.
  next.ended(change('create-1', 'done'));
  expect(next.list(10)).toMatchObject([{ status: 'interrupted' }]);
});
