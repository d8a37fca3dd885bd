/** One short conversation over a socket: connect, maybe send, read until the reader has seen enough. */
import { connect, type Socket } from 'node:net';
import type { ProbeAddress, ProbeResult } from '../../../core/services/health.ts';
import { connectToOwned } from '../owned-socket.ts';

/** An answer that is understood is short. */
const MOST_BYTES = 64 * 1024;

/** What a reader makes of the bytes so far; null: not enough yet. */
export type Verdict =
  | { readonly ok: true; readonly text: string; readonly version?: string }
  | { readonly ok: false; readonly text: string };

/**
 * Never rejects.
 *
 * @param send written once connected
 * @param read judged after each piece; null without `read` means that being accepted is enough
 * @param leave written before closing, for servers that log a connection cut short
 */
export function exchange(
  address: ProbeAddress,
  timeoutMs: number,
  conversation: {
    readonly send?: Uint8Array;
    readonly read?: (received: Buffer) => Verdict | null;
    readonly leave?: Uint8Array;
    readonly accepted?: string;
  },
): Promise<ProbeResult> {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket: Socket =
      'socket' in address ? connectToOwned(address.socket) : connect({ host: address.host, port: address.port });
    let received = Buffer.alloc(0);
    const finish = (verdict: Verdict): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined); // After the verdict nothing on this socket matters.
      if (conversation.leave !== undefined && verdict.ok) socket.end(conversation.leave);
      else socket.destroy();
      resolve({ ...verdict, latencyMs: Math.round((performance.now() - began) * 100) / 100 });
    };
    const timer = setTimeout(() => finish({ ok: false, text: `no answer within ${timeoutMs} ms` }), timeoutMs);
    socket.on('connect', () => {
      if (conversation.read === undefined) finish({ ok: true, text: conversation.accepted ?? 'accepted a connection' });
      else if (conversation.send !== undefined) socket.write(conversation.send);
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const verdict = conversation.read?.(received) ?? null;
      if (verdict !== null) finish(verdict);
      else if (received.length > MOST_BYTES) finish({ ok: false, text: 'answered more than was asked for' });
    });
    socket.on('error', (error) => finish({ ok: false, text: (error as NodeJS.ErrnoException).code ?? error.message }));
    socket.on('close', () => finish({ ok: false, text: 'closed the connection without an answer' }));
  });
}
