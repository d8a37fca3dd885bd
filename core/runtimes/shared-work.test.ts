import { describe, expect, it } from 'vitest';
import { createSharedWork } from './shared-work.ts';

type Tell = (text: string) => void;
const quiet: Tell = () => undefined;

/** Work that the test ends by hand. */
function handWork() {
  const runs: {
    observers: Iterable<Tell>;
    signal: AbortSignal;
    end: (value: number) => void;
    fail: (error: Error) => void;
  }[] = [];
  const start = (observers: Iterable<Tell>, signal: AbortSignal): Promise<number> =>
    new Promise((end, fail) => {
      runs.push({ observers, signal, end, fail });
    });
  return { runs, start };
}
const turn = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe('shared work', () => {
  it('is done once for all who ask at the same time, and again for those who ask later', async () => {
    const shared = createSharedWork<Tell, number>();
    const { runs, start } = handWork();
    const both = [1, 2].map(() => shared.join('php', quiet, new AbortController().signal, start));
    await turn();
    expect(runs).toHaveLength(1);
    runs[0]?.end(7);
    expect(await Promise.all(both)).toEqual([7, 7]);
    const later = shared.join('php', quiet, new AbortController().signal, start);
    await turn();
    runs[1]?.end(8);
    expect(await later).toBe(8);
  });

  it('keeps different keys apart', async () => {
    const shared = createSharedWork<Tell, number>();
    const { runs, start } = handWork();
    const results = ['a', 'b'].map((key) => shared.join(key, quiet, new AbortController().signal, start));
    await turn();
    runs[1]?.end(2);
    runs[0]?.end(1);
    expect(await Promise.all(results)).toEqual([1, 2]);
  });

  it('tells everybody of its progress, also who joined late', async () => {
    const shared = createSharedWork<Tell, number>();
    const { runs, start } = handWork();
    const heard: string[] = [];
    const first = shared.join('k', (text) => heard.push(`1 ${text}`), new AbortController().signal, start);
    await turn();
    const second = shared.join('k', (text) => heard.push(`2 ${text}`), new AbortController().signal, start);
    for (const tell of runs[0]?.observers ?? []) tell('half');
    runs[0]?.end(0);
    await Promise.all([first, second]);
    expect(heard).toEqual(['1 half', '2 half']);
  });

  it('goes on for the others when one gives up', async () => {
    const shared = createSharedWork<Tell, number>();
    const { runs, start } = handWork();
    const impatient = new AbortController();
    const gone = shared.join('k', quiet, impatient.signal, start);
    const stays = shared.join('k', quiet, new AbortController().signal, start);
    await turn();
    impatient.abort(new Error('enough'));
    await expect(gone).rejects.toThrow('enough');
    expect(runs[0]?.signal.aborted).toBe(false);
    runs[0]?.end(5);
    expect(await stays).toBe(5);
  });

  it('ends when the last one gives up, who hears of it only after the clean-up', async () => {
    const shared = createSharedWork<Tell, number>();
    const { runs, start } = handWork();
    const only = new AbortController();
    let settled = false;
    const gone = shared.join('k', quiet, only.signal, start).finally(() => (settled = true));
    gone.catch(() => undefined);
    await turn();
    only.abort(new Error('enough'));
    await turn();
    expect(runs[0]?.signal.aborted).toBe(true);
    expect(settled).toBe(false);
    runs[0]?.fail(new Error('cleaned up'));
    await expect(gone).rejects.toThrow('cleaned up');
  });

  it('begins anew, after the clean-up, for who comes when all had given up', async () => {
    const shared = createSharedWork<Tell, number>();
    const { runs, start } = handWork();
    const first = new AbortController();
    const gone = shared.join('k', quiet, first.signal, start);
    gone.catch(() => undefined);
    await turn();
    first.abort(new Error('enough'));
    const second = shared.join('k', quiet, new AbortController().signal, start);
    await turn();
    expect(runs).toHaveLength(1);
    runs[0]?.fail(new Error('enough'));
    await turn();
    expect(runs).toHaveLength(2);
    runs[1]?.end(9);
    expect(await second).toBe(9);
  });

  it('passes a failure to all and forgets it', async () => {
    const shared = createSharedWork<Tell, number>();
    const { runs, start } = handWork();
    const both = [1, 2].map(() => shared.join('k', quiet, new AbortController().signal, start));
    await turn();
    runs[0]?.fail(new Error('no network'));
    for (const result of await Promise.allSettled(both)) expect(result).toMatchObject({ status: 'rejected' });
    const again = shared.join('k', quiet, new AbortController().signal, start);
    await turn();
    runs[1]?.end(1);
    expect(await again).toBe(1);
  });

  it('does not begin for a caller that has already given up', async () => {
    const { runs, start } = handWork();
    await expect(
      createSharedWork<Tell, number>().join('k', quiet, AbortSignal.abort(new Error('no')), start),
    ).rejects.toThrow('no');
    expect(runs).toHaveLength(0);
  });
});
