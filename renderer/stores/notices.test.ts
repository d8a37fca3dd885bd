import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import { useNotices } from './notices.ts';

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
});
afterEach(() => vi.useRealTimers());

const refusal = (detail: string): KojiboxError =>
  new KojiboxError('VALIDATION_FAILED', 'cannot save', { detail, source: 'test' });

it('shows an identical error once, and lets each kind go away after its own time', () => {
  const store = useNotices();
  store.complain(refusal('a'));
  store.complain(refusal('a'));
  store.complain(refusal('b'));
  store.say('Saved.');
  store.say('Removed.', async () => undefined);
  expect(store.notices.map(({ text, error }) => text || error?.detail)).toEqual(['a', 'b', 'Saved.', 'Removed.']);
  vi.advanceTimersByTime(6000);
  expect(store.notices.map(({ text }) => text)).toEqual(['', '', 'Removed.']);
  vi.advanceTimersByTime(9000);
  expect(store.notices).toHaveLength(2);
  vi.advanceTimersByTime(15_000);
  expect(store.notices).toEqual([]);
});

it('keeps all of them while a person reads, and keeps a way back longest when there are many', () => {
  const store = useNotices();
  store.say('Removed.', async () => undefined);
  store.hold(true);
  vi.advanceTimersByTime(60_000);
  expect(store.notices).toHaveLength(1);
  for (const text of ['1', '2', '3', '4', '5']) store.say(text);
  expect(store.notices.map(({ text }) => text)).toEqual(['Removed.', '3', '4', '5']);
  store.hold(false);
  vi.advanceTimersByTime(6000);
  expect(store.notices.map(({ text }) => text)).toEqual(['Removed.']);
});
