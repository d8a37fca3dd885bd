import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openEventStream, type ChannelEvents } from './event-channel.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One end of each channel that the stream opened. */
function play() {
  const channels: (ChannelEvents & { isClosed: boolean; say(event: string): void })[] = [];
  const statuses: string[] = [];
  let seq = 0;
  const stream = openEventStream(
    (events) => {
      const channel = {
        ...events,
        isClosed: false,
        say: (event: string) => events.message(JSON.stringify({ event, data: {}, seq: ++seq })),
      };
      channels.push(channel);
      return { send: () => undefined, close: () => void (channel.isClosed = true) };
    },
    () => undefined,
    (status) => statuses.push(status),
  );
  return { channels, statuses, stream };
}

it('notices within five seconds that the daemon hangs, connects again, and recovers', () => {
  const { channels, statuses, stream } = play();
  channels[0]?.opened();
  channels[0]?.say('snapshot');
  for (let beat = 0; beat < 10; beat++) {
    channels[0]?.say('daemon:heartbeat');
    vi.advanceTimersByTime(2000);
  }
  expect(statuses).toEqual(['connected']);
  vi.advanceTimersByTime(3000);
  expect(statuses).toEqual(['connected', 'disconnected']);
  expect(channels[0]?.isClosed).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(channels).toHaveLength(2);
  // The old channel says nothing any more, also when it wakes.
  channels[0]?.say('daemon:heartbeat');
  expect(statuses).toHaveLength(2);
  channels[1]?.opened();
  channels[1]?.say('snapshot');
  expect(statuses).toEqual(['connected', 'disconnected', 'connected']);
  stream.close();
  expect(vi.getTimerCount()).toBe(0);
});

it('waits for a daemon of an older version, which has no heartbeat, and forgives its own sleep', () => {
  const { channels, statuses, stream } = play();
  channels[0]?.opened();
  channels[0]?.say('snapshot');
  vi.advanceTimersByTime(60_000);
  expect(statuses).toEqual(['connected']);
  channels[0]?.say('daemon:heartbeat');
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(1000);
  expect(statuses).toEqual(['connected']);
  stream.close();
});
