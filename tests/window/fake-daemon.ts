/**
 * Plays the daemon for the built window: answers `/rpc` with what the test says, sends events over `/events`, and serves the files. What it
 * answers is typed by the contract; an operation that the test did not foresee is refused, and the test fails at its end.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { expect, type Page, type WebSocketRoute } from 'playwright/test';
import type { Snapshot } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import {
  operations,
  type EventData,
  type EventName,
  type InputOf,
  type OperationName,
  type OutputOf,
} from '../../contract/index.ts';
import { sessionText } from '../../contract/page-session.ts';
import { aService, aSite, DEFAULT_ANSWERS } from './window-data.ts';

const ORIGIN = 'http://127.0.0.1:9';
const ROOT = new URL('../../dist/renderer/', import.meta.url).pathname;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
const HEARTBEAT_MS = 2000;
const SECRET = 'ab'.repeat(32);
const NONCE = 'nonce';
/** The daemon's side of `contract/page-session.ts`; it believes every page. */
const SESSION: Readonly<Record<string, (body: Readonly<Record<string, string>>) => unknown>> = {
  '/ticket': () => ({ id: 'session', secret: SECRET }),
  '/session': ({ nonce: pageNonce = '' }) => ({
    nonce: NONCE,
    proof: createHmac('sha256', SECRET)
      .update(sessionText('daemon', { port: Number(new URL(ORIGIN).port), pageNonce, daemonNonce: NONCE }))
      .digest('hex'),
  }),
  '/session/proof': () => 'ok',
};

export type Answers = { [N in OperationName]?: (params: InputOf<N>) => OutputOf<N> | Promise<OutputOf<N>> };

export interface FakeDaemon {
  readonly page: Page;
  /** Every question, in the order in which they came. */
  readonly calls: { readonly method: OperationName; readonly params: unknown; readonly at: number }[];
  /** Replaced by the test while it runs. */
  readonly answers: Answers;
  /** What a new connection gets. */
  snapshot: Snapshot;
  publish<N extends EventName>(event: N, data: EventData<N>): void;
  /** Neither answers nor says that it lives, as a stopped process. */
  hang(): void;
  wake(): void;
  /** Errors of the page that no test may have; those with an expected text are left out, and then an answer may be one that no daemon gives. */
  expectNoErrors(expected?: RegExp): void;
  open(path?: string): Promise<void>;
}

export async function playDaemon(page: Page, given: Answers = {}, world: Partial<Snapshot> = {}): Promise<FakeDaemon> {
  const answers: Answers = { ...DEFAULT_ANSWERS, ...given };
  const calls: FakeDaemon['calls'][number][] = [];
  const errors: string[] = [];
  const unforeseen = new Set<string>();
  /** A daemon never answers so: a test that does tests nothing. */
  const impossible = new Set<string>();
  let socket: WebSocketRoute | null = null;
  let seq = 0;
  let isHung = false;
  const held: (() => void)[] = [];

  const send = (event: string, data: unknown): void => {
    if (!isHung) socket?.send(JSON.stringify({ event, data, seq: ++seq }));
  };
  answers['stack.status'] ??= () => ({
    ready: true,
    services: daemon.snapshot.services,
    sites: daemon.snapshot.sites,
    uiUrl: `${ORIGIN}/`,
    notices: daemon.snapshot.notices,
  });
  const daemon: FakeDaemon = {
    page,
    calls,
    answers,
    snapshot: {
      daemon: {
        pid: 1,
        version: '0.1.0',
        startedAt: new Date().toISOString(),
        uptimeSec: 1,
        home: '/home/me/.kojibox',
        memMB: 30,
        node: '24',
        os: 'linux',
        arch: 'x64',
      },
      services: [aService('edge'), aService('php'), aService('postgres'), aService('redis')],
      changes: [],
      sites: [aSite('hello')],
      notices: [],
      ...world,
    },
    publish: (event, data) => send(event, data),
    hang: () => void (isHung = true),
    wake() {
      isHung = false;
      for (const go of held.splice(0)) go();
    },
    expectNoErrors(expected) {
      expect(errors.filter((text) => expected === undefined || !expected.test(text))).toEqual([]);
      expect([...unforeseen]).toEqual([]);
      if (expected === undefined) expect([...impossible]).toEqual([]);
    },
    async open(path = '') {
      await page.goto(`${ORIGIN}/#ticket=one`);
      await page.locator('[data-overall]').filter({ hasText: /./ }).waitFor();
      if (path !== '') await page.goto(`${ORIGIN}/#${path}`);
    },
  };

  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.route(`${ORIGIN}/**`, async (route) => {
    const url = new URL(route.request().url());
    if (url.pathname === '/rpc') {
      const { method, params } = route.request().postDataJSON() as { method: OperationName; params: unknown };
      calls.push({ method, params, at: Date.now() });
      if (isHung) await new Promise<void>((resolve) => held.push(resolve));
      const answer = answers[method] as ((input: unknown) => unknown) | undefined;
      if (answer === undefined) unforeseen.add(method);
      const replied = await reply(answer, params, method);
      const output = operations.find(({ name }) => name === method)?.output;
      const problem = 'result' in replied ? output?.safeParse(replied.result).error : undefined;
      if (problem !== undefined) impossible.add(`${method}: ${problem.issues[0]?.path.join('.')} ${problem.message}`);
      await route.fulfill({ json: replied }).catch(() => undefined); // The page may be gone.
      return;
    }
    if (url.pathname in SESSION) {
      if (isHung) await new Promise<void>((resolve) => held.push(resolve));
      const body = route.request().postDataJSON() as Record<string, string>;
      await route.fulfill({ json: { result: SESSION[url.pathname]?.(body) } }).catch(() => undefined); // As above.
      return;
    }
    const file = url.pathname === '/' ? 'index.html' : url.pathname.slice(1);
    await route.fulfill({ body: readFileSync(join(ROOT, file)), contentType: TYPES[extname(file)] ?? 'text/plain' });
  });
  await page.routeWebSocket(`${ORIGIN.replace('http', 'ws')}/events`, (opened) => {
    const begin = (): void => {
      socket = opened;
      seq = 0;
      send('snapshot', daemon.snapshot);
    };
    opened.onMessage(() => {
      if (isHung) held.push(begin);
      else if (socket !== opened) begin();
    });
    const beat = setInterval(() => {
      if (socket === opened) send('daemon:heartbeat', { at: new Date().toISOString() });
    }, HEARTBEAT_MS);
    opened.onClose(() => {
      clearInterval(beat);
      if (socket === opened) socket = null;
    });
  });
  return daemon;
}

async function reply(
  answer: ((input: unknown) => unknown) | undefined,
  params: unknown,
  method: string,
): Promise<{ readonly result: unknown } | { readonly error: unknown }> {
  try {
    if (answer === undefined)
      throw new KojiboxError('METHOD_UNKNOWN', `the test foresees no ${method}`, { source: 'test' });
    return { result: await answer(params) };
  } catch (error) {
    if (error instanceof KojiboxError) return { error: error.toBody(new Date().toISOString()) };
    throw error;
  }
}
