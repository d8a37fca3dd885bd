import { expect, it, vi } from 'vitest';
import { OwnServiceSchema, type OwnService } from '../../contract/own-services.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { JsonStore } from '../config/json-store.ts';
import { createOwnServices } from './own-services.ts';
import type { Supervisor } from './supervisor.ts';

const definition = OwnServiceSchema.parse({ id: 'search', name: 'Search', binary: '/bin/search' });

function setUp() {
  let value: OwnService[] = [definition];
  let isFull = false;
  const store: JsonStore<OwnService[]> = {
    get: () => value,
    update: (change) =>
      isFull ? Promise.reject(new Error('the disk is full')) : Promise.resolve((value = change(value))),
  };
  const undefine = vi.fn((_id: string) => Promise.resolve());
  const start = vi.fn((_id: string) => Promise.resolve());
  const applyDefinitions = vi.fn();
  const own = createOwnServices({
    store,
    supervisor: { states: () => [{ desired: 'up', dependsOn: [] }], undefine, start } as unknown as Supervisor,
    secrets: { get: () => Promise.resolve(null) },
    assertRunnable: () => Promise.resolve(),
    applyDefinitions,
  });
  return { own, undefine, start, applyDefinitions, fill: () => (isFull = true) };
}

it('ends no service of which the removal cannot be stored', async () => {
  const { own, undefine, fill } = setUp();
  fill();
  await expect(own.undefine('search')).rejects.toThrow('full');
  expect(undefine).not.toHaveBeenCalled();
  expect(own.list()).toEqual([definition]);
});

it('keeps the definition of a service that does not end', async () => {
  const { own, undefine, applyDefinitions } = setUp();
  undefine.mockRejectedValueOnce(new Error('it does not end'));
  await expect(own.undefine('search')).rejects.toThrow('it does not end');
  expect(own.list()).toEqual([definition]);
  expect(applyDefinitions).toHaveBeenCalledOnce();
  await own.undefine('search');
  expect(own.list()).toEqual([]);
});

it('does not send the user to the log of a service that was not kept', async () => {
  const { own, start } = setUp();
  start.mockRejectedValueOnce(
    new KojiboxError('START_FAILED', 'cannot start tick', {
      detail: 'code 127',
      source: 'x',
      remedy: 'The detail has the last lines of the log; `koji logs tick` shows all.',
    }),
  );
  await expect(own.define({ ...definition, id: 'tick' })).rejects.toMatchObject({
    code: 'START_FAILED',
    detail: 'code 127',
    remedy: expect.stringContaining('was not kept') as string,
  });
  expect(own.list()).toEqual([definition]);
});
