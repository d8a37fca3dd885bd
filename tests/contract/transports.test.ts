import { connect } from 'node:net';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../contract/define.ts';
import { operations } from '../../contract/index.ts';
import { createStackWorld, type StackWorld } from '../integration/stack-world.ts';
import { FUZZ_RUNS, malformedInput } from './malformed-input.ts';
import { openTransports, withoutVolatile, type Transports } from './transports.ts';

/** Each goes through every transport and back, which is some ten times slower than in process. */
const RUNS = Math.max(10, Math.round(FUZZ_RUNS / 10));

let world: StackWorld;
let transports: Transports;

beforeAll(async () => {
  world = createStackWorld();
  await world.koji('info');
  transports = openTransports(world.daemonFile());
});
afterAll(() => {
  transports.close();
  world.remove();
});

/** Asks on all ways at once; fails unless all say the same. */
async function sameAnswer(method: string, params: unknown): Promise<unknown> {
  const answers = await Promise.all(
    transports.all.map(async ({ name, call }) => [name, withoutVolatile(await call(method, params))] as const),
  );
  const [first, ...others] = answers;
  for (const [name, answer] of others) expect(answer, `${method} by ${name}`).toEqual(first?.[1]);
  return first?.[1];
}

const all: readonly Operation[] = operations;
const queries = all.filter(({ kind }) => kind === 'query').map((operation) => [operation.name, operation] as const);

describe('every transport says the same', () => {
  it.each(queries)('%s', async (name, { example, errors, output }) => {
    const answer = (await sameAnswer(name, example ?? {})) as { result?: unknown; error?: { code: string } };
    // An empty home has no projects, logs and passwords yet: not to be found is an answer too.
    if (answer.error === undefined) expect(answer).toHaveProperty('result');
    else expect(errors).toContain(answer.error.code);
    if (answer.error === undefined && output.def.type === 'array') expect(answer.result).toBeInstanceOf(Array);
  });

  it.each(queries.filter(([, { example }]) => typeof (example as { id?: unknown })?.id === 'string'))(
    '%s of nobody',
    async (name, { example }) => {
      expect(await sameAnswer(name, { ...(example as object), id: 'nobody' })).toMatchObject({
        error: { code: 'NOT_FOUND' },
      });
    },
  );

  it.each(all.map((operation) => [operation.name, operation] as const))(
    `%s refuses ${RUNS} malformed inputs`,
    { timeout: 600_000 },
    async (name, operation) => {
      await fc.assert(
        fc.asyncProperty(malformedInput(operation), async (params) => {
          expect(operation.input.safeParse(params).success).toBe(false);
          expect(await sameAnswer(name, params)).toMatchObject({ error: { code: 'VALIDATION_FAILED' } });
        }),
        { numRuns: RUNS },
      );
    },
  );

  it.each(['', 'services', 'services.list ', 'SERVICES.LIST', '__proto__', 'toString', 'ä', 'a\u0000b'])(
    'there is no operation %j',
    async (method) => {
      for (const { name, call } of transports.all)
        expect(await call(method, {}), name).toMatchObject({
          error: { code: 'METHOD_UNKNOWN', message: `there is no operation "${method}"`, retryable: false },
        });
    },
  );

  it('the first event holds the same state', async () => {
    const [first, ...others] = await Promise.all(
      transports.all.map(async ({ snapshot }) => withoutVolatile(await snapshot())),
    );
    expect(first).toMatchObject({ event: 'snapshot', data: { services: expect.any(Array) } });
    for (const other of others) expect(other).toEqual(first);
  });

  it('answers a hundred calls at once, each its own', async () => {
    for (const { call } of transports.all) {
      const ids = Array.from({ length: 100 }, (_, index) => `nobody-${index}`);
      const answers = await Promise.all(ids.map((id) => call('services.health', { id })));
      answers.forEach((answer, index) =>
        expect(answer).toMatchObject({ error: { message: expect.stringContaining(`"${ids[index]!}"`) } }),
      );
    }
  });

  it('the daemon is the one it was', async () => {
    const before = world.daemonFile().pid;
    expect(await sameAnswer('daemon.info', {})).toMatchObject({ result: { pid: before } });
  });
});

describe('what is no request', () => {
  const texts = ['x', '{', '7', 'null', '"services.list"', '[]', '{}', '{"method":7}', '{"method":null,"params":{}}'];

  it.each(texts)('%j is malformed by HTTP and by the socket', async (text) => {
    const { url, token, socket } = world.daemonFile();
    const response = await fetch(`${url}/rpc`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: text,
    });
    expect(response.status).toBe(400);
    const line = await new Promise<string>((resolve, reject) => {
      const connection = connect(socket);
      connection.setEncoding('utf8').once('data', (answer: string) => {
        connection.destroy();
        resolve(answer);
      });
      connection.on('error', reject);
      connection.write(`${text}\n`);
    });
    for (const answer of [await response.json(), JSON.parse(line)] as { error: { code: string } }[])
      expect(answer.error.code).toBe('MALFORMED_REQUEST');
  });

  it('a WebSocket carries events only: a call there ends the connection', async () => {
    const { url, token } = world.daemonFile();
    const webSocket = new WebSocket(`${url.replace('http', 'ws')}/events`, ['kojibox', `bearer.${token}`]);
    const closed = new Promise<number>((resolve) => webSocket.on('close', resolve));
    webSocket.on('open', () => webSocket.send('{"id":1,"method":"services.list","params":{}}'));
    expect(await closed).toBe(1008);
  });
});
