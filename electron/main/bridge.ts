/**
 * One MessagePort of the window to the daemon's client. The page never sees the token, and every message is checked here before the
 * daemon checks it again: its shape and size, how many there are, the operation, its parameters, and what the window may do.
 */
import { z } from 'zod';
import type { Client } from '../../client/index.ts';
import type { Operation } from '../../contract/define.ts';
import { SubscriptionSchema } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { OperationName } from '../../contract/index.ts';
import { describeIssues, fieldOf, invalidParameters, operationNamed } from '../../contract/request.ts';
import type { Consent } from './consent.ts';
import { hasPrototypeKey, refusePlainData } from './plain-data.ts';
import { createRateLimit } from './rate-limit.ts';

const CallSchema = z.strictObject({
  id: z.int().nonnegative(),
  method: z.string().max(100),
  params: z.unknown().optional(),
});
const SubscribeSchema = z.strictObject({ subscribe: SubscriptionSchema });

/** The busiest page asks for a dozen things at once. */
const MAX_IN_FLIGHT = 256;
const RATE = { burst: 300, perSecond: 100 } as const;

export interface BridgePort {
  postMessage(message: unknown): void;
}

export interface Bridge {
  /** A message of the page; what is no request is dropped without an answer. */
  receive(message: unknown): void;
  /** Nothing is sent and nothing is begun after this, whatever is still under way. */
  close(): void;
}

export interface BridgeOptions {
  readonly client: Client;
  readonly port: BridgePort;
  readonly consent: Consent;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Told of each answer of the daemon. */
  readonly onResult?: (method: OperationName, result: unknown) => void;
}

export function createBridge({ client, port, consent, now, onResult }: BridgeOptions): Bridge {
  const inFlight = new Set<number>();
  const limit = createRateLimit({ ...RATE, now });
  let stream: { update(subscription: z.infer<typeof SubscriptionSchema>): void; close(): void } | null = null;
  let closed = false;

  const send = (message: unknown): void => {
    if (!closed) port.postMessage(message);
  };
  const fail = (id: number, error: unknown): void => {
    const known =
      error instanceof KojiboxError
        ? error
        : new KojiboxError('INTERNAL', 'cannot finish this', { source: 'electron' });
    send({ id, error: known.toBody(new Date().toISOString()) });
  };

  const answer = async ({ id, method, params = {} }: z.infer<typeof CallSchema>): Promise<void> => {
    // A second request of the same number would get its answer mixed up with the first one's.
    if (inFlight.has(id)) return;
    if (inFlight.size >= MAX_IN_FLIGHT) {
      fail(id, busy('too many requests are under way'));
      return;
    }
    inFlight.add(id);
    try {
      const { operation, input } = judge(method, params);
      const granted = await consent.check(operation, input);
      // The window may have been closed while its question was open.
      if (closed) return;
      const result: unknown = await client.call(method as OperationName, params as never, granted);
      onResult?.(method as OperationName, result);
      send({ id, result });
    } catch (error) {
      fail(id, error);
    } finally {
      inFlight.delete(id);
    }
  };

  return {
    receive(message) {
      if (closed) return;
      const isWelcome = limit.take();
      // The outer shape first, which reads three fields; the whole is walked only for what is a request at all.
      const call = CallSchema.safeParse(message);
      if (call.success) {
        if (isWelcome) void answer(call.data);
        else if (!inFlight.has(call.data.id)) fail(call.data.id, busy('too many requests came at once'));
        return;
      }
      if (!isWelcome || refusePlainData(message) !== null) return;
      const wish = SubscribeSchema.safeParse(message);
      if (!wish.success) return;
      stream ??= client.events(
        (event) => send(event),
        (status) => send({ status }),
      );
      stream.update(wish.data.subscribe);
    },
    close() {
      closed = true;
      stream?.close();
      stream = null;
    },
  };
}

/** @returns the operation and its parameters with defaults; throws what the daemon would answer to such a request */
function judge(method: string, params: unknown): { operation: Operation; input: unknown } {
  const operation = operationNamed(method);
  const why = refusePlainData(params);
  if (why !== null) throw invalidParameters(method, `params: ${why}`);
  const input = operation.input.safeParse(params);
  if (!input.success) throw invalidParameters(method, describeIssues(input.error), fieldOf(input.error));
  if (hasPrototypeKey(params)) throw invalidParameters(method, 'params: __proto__ is no parameter');
  return { operation, input: input.data };
}

const busy = (detail: string): KojiboxError =>
  new KojiboxError('UNAVAILABLE', 'cannot take more requests from this window', {
    detail,
    source: 'electron',
    remedy: 'Wait for a moment and try again; if it stays so, open the window again.',
  });
