/** One MessagePort of the window to the daemon's client. Every message is checked; the page never sees the token. */
import { z } from 'zod';
import type { Client } from '../../client/index.ts';
import { SubscriptionSchema } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { operationByName, type OperationName } from '../../contract/index.ts';

const CallSchema = z.strictObject({ id: z.int().nonnegative(), method: z.string().max(100), params: z.unknown() });
const SubscribeSchema = z.strictObject({ subscribe: SubscriptionSchema });

export interface BridgePort {
  postMessage(message: unknown): void;
}

export interface Bridge {
  /** A message of the page; what is no request is dropped. */
  receive(message: unknown): void;
  close(): void;
}

export function createBridge(client: Client, port: BridgePort): Bridge {
  let stream: { update(subscription: z.infer<typeof SubscriptionSchema>): void; close(): void } | null = null;

  const answer = async ({ id, method, params }: z.infer<typeof CallSchema>): Promise<void> => {
    try {
      // The daemon checks again; a page that was taken over is stopped here already.
      if (!operationByName.has(method))
        throw new KojiboxError('METHOD_UNKNOWN', `there is no operation "${method}"`, { source: 'electron' });
      port.postMessage({ id, result: await client.call(method as OperationName, params as never) });
    } catch (error) {
      const known =
        error instanceof KojiboxError
          ? error
          : new KojiboxError('INTERNAL', 'cannot finish this', { source: 'electron' });
      port.postMessage({ id, error: known.toBody(new Date().toISOString()) });
    }
  };

  return {
    receive(message) {
      const call = CallSchema.safeParse(message);
      if (call.success) {
        void answer(call.data);
        return;
      }
      const wish = SubscribeSchema.safeParse(message);
      if (!wish.success) return;
      stream ??= client.events(
        (event) => port.postMessage(event),
        (status) => port.postMessage({ status }),
      );
      stream.update(wish.data.subscribe);
    },
    close() {
      stream?.close();
    },
  };
}
