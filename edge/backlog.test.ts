import { expect, test } from 'vitest';
import { Backlog, type Carrier, type ClientConnection } from './backlog.ts';

const LIMITS = { softBytes: 100, hardBytes: 200, patienceMs: 1000, leastPatienceMs: 50, carrierBytes: 0 };

const newConnection = (): ClientConnection => ({ relieve: () => undefined });

class FakeCarrier implements Carrier {
  readonly name = 'GET https://a.test/';
  readonly connection: ClientConnection;
  taken = 0;
  isBroken = false;
  constructor(connection: ClientConnection = newConnection()) {
    this.connection = connection;
  }
  breakOff(): void {
    this.isBroken = true;
  }
}

test('above the soft limit the carriers end that take nothing, the longest first, and only as many as needed', () => {
  let now = 0;
  const backlog = new Backlog(LIMITS, () => now);
  const [oldest, reading, newer, newest] = [0, 1, 2, 3].map(() => new FakeCarrier()) as [
    FakeCarrier,
    FakeCarrier,
    FakeCarrier,
    FakeCarrier,
  ];
  backlog.hold(oldest, 40);
  backlog.hold(reading, 30);
  now = 500;
  backlog.hold(newer, 20);
  now = 2000;
  reading.taken += 1;
  backlog.hold(newest, 20);
  expect([oldest, reading, newer, newest].map(({ isBroken }) => isBroken)).toEqual([true, false, false, false]);
  expect(backlog.bytes).toBe(70);
});

test('above the hard limit what would add to it ends, also when nothing has stalled yet', () => {
  const backlog = new Backlog(LIMITS, () => 0);
  const [first, second] = [new FakeCarrier(), new FakeCarrier()];
  backlog.hold(first, 150);
  backlog.hold(second, 60);
  expect([first.isBroken, second.isBroken, backlog.bytes]).toEqual([false, true, 150]);
});

test('above the hard limit the connection loses its streams that holds the most, and none that its client reads', () => {
  let now = 0;
  const backlog = new Backlog(LIMITS, () => now);
  const [greedy, quick] = [newConnection(), newConnection()];
  const alone = new FakeCarrier();
  const [first, second] = [new FakeCarrier(greedy), new FakeCarrier(greedy)];
  const read = [new FakeCarrier(quick), new FakeCarrier(quick)] as const;
  backlog.hold(alone, 10);
  backlog.hold(first, 30);
  backlog.hold(second, 30);
  for (const each of read) backlog.hold(each, 50);
  now = 100;
  for (const each of read) each.taken += 1;
  const last = new FakeCarrier();
  backlog.hold(last, 50);
  expect([alone, first, second, ...read, last].map(({ isBroken }) => isBroken)).toEqual([
    false,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('each carrier counts for more than its bytes', () => {
  const backlog = new Backlog({ ...LIMITS, carrierBytes: 20 }, () => 0);
  const carrier = new FakeCarrier();
  backlog.hold(carrier, 1);
  expect(backlog.bytes).toBe(21);
  backlog.hold(carrier, 0);
  expect(backlog.bytes).toBe(0);
});

test('what is released, or held again, counts once', () => {
  const backlog = new Backlog(LIMITS, () => 0);
  const carrier = new FakeCarrier();
  backlog.hold(carrier, 30);
  backlog.hold(carrier, 50);
  expect(backlog.bytes).toBe(50);
  backlog.release(carrier);
  backlog.release(carrier);
  expect(backlog.bytes).toBe(0);
});
