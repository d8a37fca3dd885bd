import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceState } from '../../contract/services.ts';
import { freePort } from '../fixtures/free-port.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
let folder: string;
const SERVER = `
const { createServer } = require('node:http');
createServer((request, response) => response.end(JSON.stringify({
  port: process.env.PORT, word: process.env.WORD, secret: process.env.SECRET, args: process.argv.slice(2), cwd: process.cwd(),
}))).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening on', process.env.PORT));
`;

beforeAll(async () => {
  world = createStackWorld();
  folder = join(world.root, 'work');
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'server.js'), SERVER);
  await world.koji('runtime', 'install', 'node');
});
afterAll(() => world.remove());

const ask = (port: number): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent: false }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => resolve(JSON.parse(text) as Record<string, unknown>));
    })
      .on('error', reject)
      .end();
  });
const stateOf = async (id: string): Promise<ServiceState | undefined> =>
  (await world.services()).find((service) => service.id === id);

describe('a service of the user', () => {
  const definition = (port: number, more: object = {}): object => ({
    id: 'search',
    name: 'Search',
    binary: 'node',
    args: ['server.js', '--at', '${port:http}'],
    cwd: folder,
    env: { WORD: 'one', SECRET: '${secret:search-key}' },
    ports: [{ name: 'http', port, protocol: 'tcp' }],
    healthCheck: { type: 'http', target: 'http://127.0.0.1:${port:http}/' },
    ...more,
  });

  it('runs, is asked whether it is well, gets its port and its secrets, and is changed while it runs', async () => {
    const port = await freePort();
    const missing = await world.rpc(JSON.stringify({ id: 1, method: 'services.define', params: definition(port) }));
    expect(missing.body.error).toMatchObject({
      code: 'NOT_FOUND',
      message: 'cannot fill in ${secret:search-key} in env.SECRET',
    });
    await world.call('secrets.set', { key: 'search-key', scope: 'app', value: 'open sesame' });

    await world.call('services.define', definition(port));
    expect(await stateOf('search')).toMatchObject({ state: 'stopped', name: 'Search' });
    const started = await world.call<ServiceState>('services.start', { id: 'search' });
    expect(started).toMatchObject({ state: 'running', health: 'healthy', connect: `127.0.0.1:${port}` });
    expect(started.evidence?.text).toBe('answered 200');
    expect(await ask(port)).toEqual({
      port: String(port),
      word: 'one',
      secret: 'open sesame',
      args: ['--at', String(port)],
      cwd: folder,
    });
    expect(JSON.stringify(await world.call('services.definitions'))).not.toContain('open sesame');

    await world.call('services.define', definition(port, { env: { WORD: 'two', SECRET: 'x' } }));
    expect(await ask(port)).toMatchObject({ word: 'two' });
    const after = await stateOf('search');
    expect(after?.pid).not.toBe(started.pid);

    // The same again is no change.
    await world.call('services.define', definition(port, { env: { WORD: 'two', SECRET: 'x' } }));
    expect((await stateOf('search'))?.pid).toBe(after?.pid);
  });

  it('is still there after the daemon ended, and is taken over by the next', async () => {
    const before = await stateOf('search');
    await world.call('daemon.quit', { keepServices: true });
    await expect.poll(() => stateOf('search')).toMatchObject({ state: 'running', pid: before?.pid });
  });

  it('is refused with what is wrong, and nothing changes', async () => {
    const before = await world.call('services.definitions');
    const refused = async (params: object): Promise<{ code: string; detail: string }> => {
      const { body } = await world.rpc(JSON.stringify({ id: 1, method: 'services.define', params }));
      return body.error ?? { code: 'none', detail: '' };
    };
    expect(await refused({ id: 'edge', binary: 'node' })).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await refused({ id: 'a', binary: 'node', dependsOn: ['nothing'] })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refused(definition(1, { dependsOn: ['search'] }))).toMatchObject({
      code: 'DEPENDENCY_CYCLE',
      detail: 'search → search',
    });
    expect(
      await refused({ id: 'a', binary: 'node', healthCheck: { type: 'port', target: 'somewhere' } }),
    ).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await refused({ id: 'a', binary: 'node', cwd: 'relative' })).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await world.call('services.definitions')).toEqual(before);
  });

  it('stands on another one, which is not forgotten before it; a program that is not there is refused by its name', async () => {
    await world.koji('service', 'define', 'worker', 'sleep', '--args', '600', '--depends-on', 'search');
    expect(await world.call('services.start', { id: 'worker' })).toMatchObject({ state: 'running' });
    const refused = await world.kojiResult('service', 'undefine', 'search');
    expect(refused.stderr).toContain('worker needs it');
    const worker = await stateOf('worker');
    await world.koji('service', 'undefine', 'worker');
    expect(() => process.kill(worker?.pid ?? 0, 0)).toThrow('ESRCH');
    await world.koji('service', 'undefine', 'search');
    expect(await stateOf('search')).toBeUndefined();

    const failed = await world.kojiResult('service', 'define', 'ghost', 'no-such-program');
    expect(failed.stderr).toContain('cannot find the program no-such-program');
  });
});
