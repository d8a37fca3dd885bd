/** Every way into one daemon: HTTP, the local socket, and the port of the desktop window, whose main process is played by Node. */
import { MessageChannel } from 'node:worker_threads';
import { createSocketLink } from '../../client/launch/socket-link.ts';
import {
  createClient,
  createHttpLink,
  createMessagePortLink,
  type ClientLink,
  type PortLike,
} from '../../client/index.ts';
import type { DaemonFile } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { createBridge } from '../../electron/main/bridge.ts';
import { createConsent } from '../../electron/main/consent.ts';

export type Answer = { readonly result: unknown } | { readonly error: Readonly<Record<string, unknown>> };

export interface Transport {
  readonly name: string;
  /** Never rejects with a KojiboxError: that is an answer. */
  call(method: string, params: unknown): Promise<Answer>;
  /** The first event of a subscription. */
  snapshot(): Promise<unknown>;
}

export interface Transports {
  readonly all: readonly Transport[];
  close(): void;
}

export function openTransports(daemon: DaemonFile): Transports {
  const main = createClient(createHttpLink(daemon));
  const { port1, port2 } = new MessageChannel();
  // The person at this window allows everything; what a window may not do is under test in electron/main.
  const consent = createConsent({ role: 'admin', mayElevate: false, ask: () => Promise.resolve(true), now: () => 0 });
  // Here a second goes by between any two messages: thousands of them are not the flood that they would be in a window.
  let time = 0;
  const bridge = createBridge({ client: main, port: port1, consent, now: () => (time += 1000) });
  port1.on('message', (message) => bridge.receive(message));
  const links: readonly (readonly [string, ClientLink])[] = [
    ['POST /rpc', createHttpLink(daemon)],
    ['the local socket', createSocketLink(() => daemon.socket)],
    // A browser's port, a Node port and Electron's differ only in the type of the event.
    ['the port of the window', createMessagePortLink(port2 as unknown as PortLike)],
  ];
  return {
    all: links.map(([name, link]) => ({ name, call: callerOf(link), snapshot: () => firstEvent(link) })),
    close() {
      bridge.close();
      port1.close();
      main.close();
      for (const [, link] of links) link.close();
    },
  };
}

const callerOf =
  (link: ClientLink): Transport['call'] =>
  async (method, params) => {
    try {
      return { result: await link.call(method, params) };
    } catch (error) {
      if (!(error instanceof KojiboxError)) throw error;
      const { ts: _, ...body } = error.toBody(new Date().toISOString());
      return { error: body };
    }
  };

function firstEvent(link: ClientLink): Promise<unknown> {
  return new Promise((resolve) => {
    const stream = link.subscribe(
      (event) => {
        stream.close();
        resolve(event);
      },
      () => undefined,
    );
  });
}

/** Fields that differ from one moment to the next, whoever asks. */
const VOLATILE = new Set([
  'freeBytes',
  'expiresAt',
  'ts',
  'at',
  'uptimeSec',
  'memMB',
  'cpuPercent',
  'latencyMs',
  'evidence',
  'lastUpdated',
  'seq',
]);

/** The same value without them. */
export function withoutVolatile(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutVolatile);
  // Each link has a ticket of its own.
  if (typeof value === 'string') return value.replace(/#ticket=.*/, '#ticket');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key))
      .map(([key, inner]) => [key, withoutVolatile(inner)]),
  );
}
