/** Changes at the same time, of which some cannot be applied: every other one is there afterwards, and nothing else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppConfigSchema, type AppConfig } from '../../contract/config.ts';
import type { ProxyRule } from '../../contract/proxy.ts';
import { createDomains } from '../domains/domains.ts';
import { createNameWork } from '../proxy/name-work.ts';
import { createSetApp } from './app-settings.ts';
import type { JsonStore } from './json-store.ts';
import { changeRecords, recordsBy } from './record-change.ts';
import { storeAndApply } from './store-and-apply.ts';

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** As a file: one change after another, each after some time. */
function createStore<T>(initial: T, refuses: () => boolean = () => false): JsonStore<T> {
  let current = initial;
  let queue: Promise<unknown> = Promise.resolve();
  return {
    get: () => current,
    update(change) {
      const mine = queue.then(async () => {
        const next = change(current);
        await turns(1);
        if (refuses()) throw new Error('the disk is full');
        current = next;
        return next;
      });
      queue = mine.catch(() => undefined);
      return mine;
    },
  };
}

interface Row {
  readonly key: string;
  readonly value: number | null;
}
const rows = recordsBy(({ key }: Row) => key);

const operation = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  /** Null removes it. Few, so that two often store the same. */
  value: fc.constantFrom(1, 2, 3, null),
  wait: fc.nat(4),
  takes: fc.nat(6),
  fails: fc.boolean(),
});

describe('changes of records at the same time', () => {
  it('each that was applied is there, each that failed is not, whatever their order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 2, maxLength: 12 }), async (operations) => {
        const store = createStore<Row[]>([{ key: 'a', value: 0 }]);
        const written: { key: string; value: number | null; fails: boolean }[] = [];
        await Promise.all(
          operations.map(async ({ key, value, wait, takes, fails }) => {
            await turns(wait);
            let isStored = false;
            await storeAndApply({
              store: () =>
                changeRecords(
                  store,
                  rows,
                  (all) => {
                    written.push({ key, value, fails });
                    return [...all.filter((row) => row.key !== key), ...(value === null ? [] : [{ key, value }])];
                  },
                  [key],
                ),
              async apply() {
                await turns(takes);
                if (fails && !isStored) {
                  isStored = true;
                  throw new Error('not this one');
                }
              },
            }).catch(() => undefined);
          }),
        );
        for (const key of ['a', 'b', 'c']) {
          const last = written.filter((one) => one.key === key && !one.fails).at(-1);
          const expected = last === undefined ? (key === 'a' ? 0 : null) : last.value;
          expect(store.get().find((row) => row.key === key)?.value ?? null).toBe(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a change that the disk refuses leaves no trace', async () => {
    let isFull = false;
    const store = createStore<Row[]>([], () => isFull);
    const put = (value: number): ReturnType<typeof changeRecords> =>
      changeRecords(store, rows, () => [{ key: 'a', value }], ['a']);
    const first = await put(1);
    isFull = true;
    await expect(put(2)).rejects.toThrow('full');
    isFull = false;
    await first.undo();
    expect(store.get()).toEqual([]);
  });

  it('what is taken back returns to its place', async () => {
    const store = createStore<Row[]>(['a', 'b', 'c'].map((key) => ({ key, value: 1 })));
    const gone = await changeRecords(store, rows, (all) => all.filter(({ key }) => key !== 'b'));
    await store.update((all) => [...all, { key: 'd', value: 1 }]);
    await gone.undo();
    expect(store.get().map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('through the doors', () => {
  const secrets = { get: () => Promise.resolve(null) };
  /** Fails for every second call. */
  const applying = (): (() => Promise<void>) => {
    let calls = 0;
    return async () => {
      calls += 1;
      const isBad = calls === 2;
      await turns(isBad ? 2 : 6);
      if (isBad) throw new Error('cannot apply');
    };
  };

  it('a setting of the app that fails takes no other one back', async () => {
    const store = createStore<AppConfig>(
      AppConfigSchema.parse({ installPath: '/x', updateChannel: 'stable', telemetryOptIn: false }),
    );
    const set = createSetApp(store, secrets, applying());
    const changes: Partial<AppConfig>[] = [
      { overrides: { A: '1' } },
      { telemetryOptIn: true },
      { projectsFolder: '/p' },
    ];
    const before = store.get();
    const results = await Promise.allSettled(changes.map(set));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    const applied = changes.filter((_, index) => results[index]?.status === 'fulfilled');
    expect(store.get()).toEqual({ ...before, ...applied[0], ...applied[1] });
  });

  it('nor does a domain, or a list of rules', async () => {
    const store = createStore<{ domain: string; projectId: string; targetPort: number }[]>([]);
    const rules = createStore<ProxyRule[]>([]);
    const domains = createDomains({
      system: { host: {} } as never,
      store,
      homeDigest: '',
      ledger: () => ({}) as never,
      nameServerPort: () => null,
      projectWith: () => null,
    });
    const work = createNameWork({
      domains,
      rules,
      leftovers: { note: () => Promise.resolve() },
      isProject: () => true,
      applySites: applying(),
    });
    const results = await Promise.allSettled(
      ['a.test', 'b.test', 'c.test'].map((domain) => work.setDomain({ domain, projectId: 'p', targetPort: 3000 })),
    );
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    const applied = ['a.test', 'b.test', 'c.test'].filter((_, index) => results[index]?.status === 'fulfilled');
    expect(store.get().map(({ domain }) => domain)).toEqual(applied);
  });
});
