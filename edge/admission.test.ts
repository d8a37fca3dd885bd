import { expect, test } from 'vitest';
import { Admission } from './admission.ts';
import { Backlog, type Carrier, type ClientConnection } from './backlog.ts';

const LIMITS = { softBytes: 1_000_000, hardBytes: 2_000_000, patienceMs: 1000, leastPatienceMs: 200, carrierBytes: 0 };
const connection = (): ClientConnection => ({ relieve: () => undefined });
const carrier = (on: ClientConnection): Carrier => ({
  name: 'GET https://a.test/',
  taken: 0,
  connection: on,
  breakOff: () => undefined,
});

test('requests begin as long as there is room, later ones when others are over, and none twice', () => {
  const admission = new Admission(new Backlog(LIMITS, () => 0), () => 0);
  const client = connection();
  let begun = 0;
  const leave = Array.from({ length: 100 }, () => admission.enter(client, () => (begun += 1)));
  // Nothing waits on this connection yet, so that it may go up to the hard limit: 96 kB are expected of each.
  expect(begun).toBe(21);
  for (const each of leave.slice(0, 5)) each();
  leave[0]?.();
  expect(begun).toBe(26);
  leave[99]?.();
  for (const each of leave) each();
  expect(begun).toBe(99);
});

test('a connection that holds much waits, another does not; what comes late is expected no longer', () => {
  let now = 0;
  const backlog = new Backlog(LIMITS, () => now);
  const admission = new Admission(backlog, () => now);
  const [greedy, other] = [connection(), connection()];
  const begun: string[] = [];
  backlog.hold(carrier(greedy), 1_200_000);
  backlog.hold(carrier(other), 100_000);
  admission.enter(greedy, () => begun.push('greedy'));
  admission.enter(other, () => begun.push('other'));
  expect(begun).toEqual(['other']);
  now = 1500;
  admission.look();
  expect(begun).toEqual(['other', 'greedy']);
});

test('of those that wait, the one whose connection has the least under way begins first', () => {
  const admission = new Admission(new Backlog(LIMITS, () => 0), () => 0);
  const greedy = [connection(), connection()];
  const begun: string[] = [];
  const leave = Array.from({ length: 400 }, (_, at) =>
    admission.enter(greedy[at % 2] ?? {}, () => begun.push(`greedy ${at}`)),
  );
  admission.enter(connection(), () => begun.push('other'));
  expect(begun).not.toContain('other');
  const before = begun.length;
  leave[0]?.();
  expect(begun.slice(before)).toEqual(['other']);
  leave[1]?.();
  expect(begun.slice(before)).toEqual(['other', 'greedy 21']);
});
