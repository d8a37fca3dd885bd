import { expect, test } from 'vitest';
import { Backlog, type Carrier } from './backlog.ts';

const LIMITS = { softBytes: 100, hardBytes: 200, patienceMs: 1000 };

class FakeCarrier implements Carrier {
  readonly name = 'GET https://a.test/';
  taken = 0;
  isBroken = false;
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
