import { describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import type { FirstRunAnswers } from '../../contract/first-run.ts';
import type { TaskReporter } from '../changes/changes.ts';
import { applyAnswers, type ApplyOptions } from './apply.ts';

const answers: FirstRunAnswers = {
  projectsFolder: '',
  services: ['postgres'],
  node: true,
  phpVersion: null,
  nodeVersion: null,
  ports: {},
  removeUnused: false,
  hosts: true,
  resolver: false,
  trust: true,
  imports: [{ tool: 'laragon', path: '/there', keys: ['shop'] }],
};
const cannot = (name: string): KojiboxError =>
  new KojiboxError('DOWNLOAD_FAILED', `cannot fetch ${name}`, { detail: `no ${name}`, source: 'runtime' });
const store = <T>(value: T) => ({ get: () => value, update: () => Promise.resolve(value) });

/** What was done, in order. */
function world(failing: { readonly node?: boolean; readonly stack?: boolean; readonly aborts?: boolean }) {
  const done: string[] = [];
  const aborting = new AbortController();
  const task = (id: string): TaskReporter => ({
    step: () => undefined,
    skip: () => undefined,
    bytes: () => undefined,
    done: () => void done.push(id),
    fail: () => void done.push(`${id} failed`),
  });
  const options = {
    system: { log: { error: () => undefined } },
    imports: {
      scan: () => Promise.resolve({ sites: [{ key: 'shop', problem: null }] }),
      take: () => Promise.resolve(done.push('imported')),
    },
    trust: { add: () => Promise.resolve(done.push('trusted')) },
    rights: {
      way: () => null,
      later: false,
      missing: () => Promise.resolve([]),
      hasResolver: () => Promise.resolve(false),
    },
    context: { task, signal: aborting.signal },
    kojibox: {
      changes: {
        running: () => undefined,
        cancel: () => undefined,
        ended: () => {
          if (failing.aborts === true) aborting.abort();
          return failing.stack === true ? Promise.reject(cannot('php')) : Promise.resolve();
        },
      },
      stores: { runtimes: store({ defaults: {} }), app: store({}), services: store([]) },
      supervisor: { states: () => [] },
      serviceSettings: { get: (id: string) => ({ id, enabled: true, ports: {} }) },
      projects: { list: () => [] },
      domains: {
        list: () => [],
        canWriteHosts: () => Promise.resolve(true),
        applyHosts: () => Promise.resolve(done.push('named')),
      },
      certificates: { ensureRoot: () => Promise.resolve() },
      applySites: () => Promise.resolve(),
      sites: () => [],
      stack: { up: () => ({ id: 'up' }) },
      runtimes: {
        ensure: () => (failing.node === true ? Promise.reject(cannot('node')) : Promise.resolve({ version: '24' })),
      },
    },
  } as unknown as ApplyOptions;
  return { done, options };
}

describe('the setup', () => {
  it('does all the rest when something cannot be had, and says all of it in the end', async () => {
    const { done, options } = world({ node: true, stack: true });
    await expect(applyAnswers(answers, options)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: 'cannot fetch node',
      detail: expect.stringMatching(/no node\ncannot fetch php: no php/),
    });
    expect(done).toEqual(['settings', 'node failed', 'stack failed', 'imported', 'named', 'names', 'trusted', 'trust']);
  });

  it('is done when all of it works', async () => {
    const { done, options } = world({});
    await applyAnswers(answers, options);
    expect(done).toEqual(['settings', 'node', 'stack', 'imported', 'named', 'names', 'trusted', 'trust']);
  });

  it('ends at once when it is cancelled', async () => {
    const { done, options } = world({ stack: true, aborts: true });
    await expect(applyAnswers(answers, options)).rejects.toMatchObject({ message: 'cannot fetch php' });
    expect(done).toEqual(['settings', 'node', 'stack failed']);
  });
});
