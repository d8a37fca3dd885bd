/** The page's side of `contract/page-session.ts`; runs in browsers and in Node. */
import { ChallengeSchema, PageSessionSchema, sessionText, type PageSession } from '../contract/page-session.ts';
import { resultOf, unreachable } from './replies.ts';

const NONCE_BYTES = 24;
/** Another program may accept and say nothing. */
const ANSWER_MS = 10_000;

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

async function hmac(secret: string, text: string): Promise<string> {
  const encode = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
  const hash = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encode(secret), hash, false, ['sign']);
  return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, encode(text))));
}

async function post(url: string, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch((error: unknown) => {
    throw unreachable(error instanceof Error ? error.message : 'no connection', error);
  });
  return resultOf(
    await response.json().catch((error: unknown) => {
      throw unreachable('the answer is not one of a Kojibox daemon', error);
    }),
  );
}

/** Changes the ticket of a link into a session. Rejects with UNAUTHORIZED. */
export async function takeSession(url: string, ticket: string): Promise<PageSession> {
  const session = PageSessionSchema.safeParse(await post(url, '/ticket', { ticket }));
  if (!session.success) throw unreachable('the answer is not one of a Kojibox daemon');
  return session.data;
}

/**
 * Lets the daemon prove itself, then proves the session.
 * @param url `http://HOST:PORT`
 * @returns a bearer key for as long as this daemon runs. Rejects with DAEMON_UNREACHABLE where another program answers (it has learnt
 * nothing of use then), and with UNAUTHORIZED when the session is over.
 */
export async function proveSession(url: string, { id, secret }: PageSession): Promise<string> {
  const pageNonce = toHex(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  const answer = ChallengeSchema.safeParse(await post(url, '/session', { session: id, nonce: pageNonce }));
  if (!answer.success) throw unreachable('the answer is not one of a Kojibox daemon');
  const { nonce: daemonNonce, proof } = answer.data;
  const chosen = { port: Number(new URL(url).port), pageNonce, daemonNonce };
  if (proof !== (await hmac(secret, sessionText('daemon', chosen))))
    throw unreachable('another program has the port of the daemon');
  await post(url, '/session/proof', { nonce: daemonNonce, proof: await hmac(secret, sessionText('page', chosen)) });
  return hmac(secret, sessionText('key', chosen));
}

export interface PageAuth {
  /** A key that the daemon which runs now takes. */
  key(): Promise<string>;
  /** The key is of a daemon that is gone: the next one is asked for again. */
  forget(): void;
}

/** Keeps the key of a session, and asks for another one after the daemon was away. */
export function createPageAuth(url: string, session: PageSession): PageAuth {
  let pending: Promise<string> | null = null;
  return {
    key() {
      const mine = (pending ??= proveSession(url, session));
      // One that failed is tried again by the next caller.
      mine.catch(() => {
        if (pending === mine) pending = null;
      });
      return mine;
    },
    forget() {
      pending = null;
    },
  };
}
