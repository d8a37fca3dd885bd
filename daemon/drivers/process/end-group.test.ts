import { expect, it } from 'vitest';
import { waitUntilReaped } from './end-group.ts';
import { hasRemains, type ProcessRow, type ProcessTable } from './process-table.ts';

const row = (pid: number, state: string, session: number): ProcessRow => ({
  pid,
  state,
  group: pid,
  session,
  startTicks: 1,
});
const tableOf = (rows: readonly ProcessRow[]): ProcessTable => ({
  allPids: () => rows.map(({ pid }) => pid),
  readProcessStat: (wanted) => rows.find(({ pid }) => pid === wanted) ?? null,
  identifyNow: () => null,
});

it('an orphan of a session that is dead and not put away counts as a remainder', () => {
  expect(hasRemains(tableOf([row(7, 'Z', 5)]), 5)).toBe(true);
  expect(hasRemains(tableOf([row(7, 'S', 5), row(5, 'Z', 5), row(8, 'Z', 6)]), 5)).toBe(false);
});

it('the next launch waits until the system has put them away', async () => {
  let looks = 0;
  await waitUntilReaped(() => ++looks < 4);
  expect(looks).toBe(4);
});
