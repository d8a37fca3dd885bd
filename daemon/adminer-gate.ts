/**
 * Lets a browser into Adminer: a ticket in the link, good once and for two minutes, becomes a session of some hours that ends with this
 * daemon. The page in front of Adminer, which PHP runs, changes the one into the other with a key that is new at every start.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { KojiboxError } from '../contract/errors.ts';

const TICKET_MS = 2 * 60_000;
const SESSION_MS = 8 * 3_600_000;
/** The oldest goes. */
const MOST_TICKETS = 50;

export interface AdminerGate {
  /** For the page in front: shown when it exchanges a ticket, and the key under which it checks sessions. */
  readonly key: string;
  /** Of this daemon; empty until it listens. */
  url(): string;
  openAt(url: string): void;
  issue(): string;
  /**
   * @param message `ticket`, and the ports of the browser's connection to the edge
   * @returns a session for the cookie, and how long it is good in seconds. Throws UNAUTHORIZED.
   */
  exchange(
    key: string | undefined,
    message: Readonly<Record<string, unknown>>,
  ): { readonly session: string; readonly seconds: number };
}

/** @param options.owners user ids whose browsers may come in; @param options.now milliseconds since 1970 */
export function createAdminerGate(options: {
  readonly owners: readonly number[];
  ownerOf(local: number, remote: number): number | null;
  readonly now: () => number;
}): AdminerGate {
  const { now } = options;
  const key = randomBytes(32).toString('hex');
  const tickets = new Map<string, number>();
  let address = '';

  const refuse = (detail: string): KojiboxError =>
    new KojiboxError('UNAUTHORIZED', 'cannot open Adminer with this link', {
      detail,
      source: 'databases',
      remedy: 'Open it from Kojibox again, or run: koji db adminer ENGINE',
    });

  return {
    key,
    url: () => address,
    openAt(url) {
      address = url;
    },
    issue() {
      const ticket = randomBytes(24).toString('hex');
      tickets.set(ticket, now() + TICKET_MS);
      for (const [oldest, expiresAt] of tickets)
        if (expiresAt <= now() || tickets.size > MOST_TICKETS) tickets.delete(oldest);
      return ticket;
    },
    exchange(given, { ticket, localPort, remotePort }) {
      if (given === undefined || !isSame(given, key))
        throw refuse('it was not asked for by the page in front of Adminer');
      if (typeof localPort !== 'number' || typeof remotePort !== 'number') throw refuse('it names no connection');
      const owner = options.ownerOf(localPort, remotePort);
      // Before the ticket is looked at: another user cannot use it up.
      if (owner !== null && !options.owners.includes(owner)) throw refuse('the browser belongs to another user');
      const expiresAt = typeof ticket === 'string' ? tickets.get(ticket) : undefined;
      tickets.delete(String(ticket));
      if (expiresAt === undefined || expiresAt <= now()) throw refuse('it was used before, or is too old');
      const end = String(Math.floor((now() + SESSION_MS) / 1000));
      return { session: `${end}.${sign(key, end)}`, seconds: SESSION_MS / 1000 };
    },
  };
}

/** The page in front computes the same. */
const sign = (key: string, end: string): string => createHmac('sha256', key).update(`adminer ${end}`).digest('hex');

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
