import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WireEvent } from '../contract/index.ts';
import type { LogEntry } from '../contract/logs.ts';
import { followLogs } from './follow-logs.ts';

const entry = (ms: number, message: string): LogEntry => ({
  ts: new Date(ms).toISOString(),
  level: 'info',
  service: 'web',
  message,
  fields: {},
});

/** A daemon with one log: a follower gets what is written after it began, a query what was written until it answers. */
function fakeDaemon() {
  const written: LogEntry[] = [];
  let listener: ((event: WireEvent) => void) | null = null;
  let follows = false;
  return {
    write(one: LogEntry): void {
      written.push(one);
      if (follows) listener?.({ event: 'service:logLine', data: one, seq: 1 });
    },
    connect(): void {
      follows = true;
      listener?.({ event: 'snapshot', data: {}, seq: 0 } as unknown as WireEvent);
    },
    lose(): void {
      follows = false;
    },
    query: (since: string | undefined): LogEntry[] => written.filter(({ ts }) => since === undefined || ts >= since),
    client: {
      events(listen: (event: WireEvent) => void) {
        listener = listen;
        return { update: () => undefined, close: () => (listener = null) };
      },
    },
    written,
  };
}

describe('following logs', () => {
  it('shows each entry once, in order, whatever happens between the page and the stream', async () => {
    const step = fc.constantFrom('write', 'write same', 'connect', 'lose', 'answer');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const daemon = fakeDaemon();
        const shown: LogEntry[] = [];
        const answers: (() => void)[] = [];
        const stop = new AbortController();
        daemon.write(entry(1, 'before'));
        const done = followLogs({
          client: daemon.client,
          ids: ['web'],
          query: (since) => new Promise((resolve) => answers.push(() => resolve(daemon.query(since)))),
          matches: () => true,
          show: (one) => shown.push(one),
          signal: stop.signal,
        });
        let time = 2;
        for (const what of [...steps, 'connect', 'answer', 'answer', 'answer']) {
          if (what === 'write') daemon.write(entry(time++, `line ${time}`));
          if (what === 'write same') daemon.write(entry(time, 'same'));
          if (what === 'connect') daemon.connect();
          if (what === 'lose') daemon.lose();
          if (what === 'answer') for (const answer of answers.splice(0)) answer();
          await new Promise((resolve) => setImmediate(resolve));
        }
        stop.abort();
        await done;
        expect(shown.map(({ message }) => message)).toEqual(daemon.written.map(({ message }) => message));
      }),
      { numRuns: 200 },
    );
  });

  it('fails when the daemon refuses the question', async () => {
    const daemon = fakeDaemon();
    const done = followLogs({
      client: daemon.client,
      ids: ['web'],
      query: () => Promise.reject(new Error('refused')),
      matches: () => true,
      show: () => undefined,
      signal: new AbortController().signal,
    });
    daemon.connect();
    await expect(done).rejects.toThrow('refused');
  });
});
