/**
 * How a page gets in without the daemon's token on anybody's command line, which every user of the machine can read in /proc
 * (proc(5), /proc/PID/cmdline). A program opens a page with a ticket: good once, for two minutes. A person is given a link, good for
 * twelve hours and as often as it is clicked. Both are exchanged for a session by POST, by programs of the same user only, and each is
 * bound to an access level. With its session a page gets a key of the daemon that runs now, without showing its secret: contract/page-session.ts.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ACCESS_LEVELS, type AccessLevel } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { sessionText, type PageSession } from '../../contract/page-session.ts';

const TICKET_MS = 2 * 60_000;
const LINK_MS = 12 * 3_600_000;
/** A window may stay open for a week. */
const SESSION_MS = 7 * 24 * 3_600_000;
/** Between the proof of the daemon and that of the page. */
const CHALLENGE_MS = 30_000;
/** A program that asks without end gets no memory for it: the oldest one goes. */
const MOST = 200;

export interface IssuedTicket {
  readonly ticket: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** User id of the program at the other end; -1: it has gone away; null: it cannot be told. */
export type PeerOwner = number | null;

export interface PageKeys {
  /** Throws UNAUTHORIZED for a program of another user, before anything of it is read. */
  assertOwner(owner: PeerOwner): void;
  /** The level that a bearer token or key gives; null: none. */
  levelOf(token: string | undefined): AccessLevel | null;
  /** @param uses `once`: for a program that opens it now. `often`: for people, outlives a restart of the daemon */
  issue(level: AccessLevel, uses: 'once' | 'often'): IssuedTicket;
  /** @returns a session of the ticket's level. Throws UNAUTHORIZED. */
  exchange(ticket: unknown, owner: PeerOwner): PageSession;
  /**
   * Proves that this is the daemon which gave the session.
   * @param port of this daemon. Throws UNAUTHORIZED for a session that is over or of another home.
   */
  challenge(id: unknown, pageNonce: unknown, port: number): { readonly nonce: string; readonly proof: string };
  /** Takes the page's proof; from then on its key counts. Throws UNAUTHORIZED. */
  prove(daemonNonce: unknown, proof: unknown): void;
}

/**
 * @param options.token of the daemon: level admin
 * @param options.secret of the home: links and sessions are derived from it, and outlive the daemon
 * @param options.owners user ids whose programs may come in
 * @param options.now milliseconds since 1970
 */
export function createPageKeys(options: {
  readonly token: string;
  readonly secret: string;
  readonly owners: readonly number[];
  readonly now: () => number;
}): PageKeys {
  const { token, owners, now } = options;
  const tickets = new Map<string, { level: AccessLevel; expiresAt: number }>();
  const challenges = new Map<string, { secret: string; text: string; key: string; grant: Grant; expiresAt: number }>();
  const keys = new Map<string, Grant>();
  const derive = (what: string): string => hmac(options.secret, what);
  // 128 bits are enough, and leave a link that fits a line.
  const signature = (level: string, expiresAt: string): string => derive(`link ${level} ${expiresAt}`).slice(0, 32);
  const secretOf = (id: string): string => derive(`session ${id}`);

  const refuse = (detail: string): KojiboxError =>
    new KojiboxError('UNAUTHORIZED', 'cannot open the page with this link', {
      detail,
      source: 'daemon',
      remedy: 'Run `koji open` for a new link.',
    });

  /** Forgets what is over, and the oldest beyond the limit. */
  const prune = (map: Map<string, { readonly expiresAt: number }>): void => {
    for (const [name, { expiresAt }] of map) if (expiresAt <= now() || map.size > MOST) map.delete(name);
  };

  const takeTicket = (ticket: string): AccessLevel => {
    const found = tickets.get(ticket);
    // Used up by being tried, whatever comes of it.
    tickets.delete(ticket);
    if (found === undefined || found.expiresAt <= now()) throw refuse('it was used before, or is too old');
    return found.level;
  };

  const readLink = (link: string): AccessLevel => {
    const [level = '', expiresAt = '', given = ''] = link.split('.');
    const known = levelNamed(level);
    if (known === undefined || !isSameText(given, signature(level, expiresAt)))
      throw refuse('it is not one of this daemon');
    if (Number.parseInt(expiresAt, 36) <= now()) throw refuse('it is too old');
    return known;
  };

  const assertOwner: PageKeys['assertOwner'] = (owner) => {
    if (owner !== null && !owners.includes(owner))
      throw refuse(
        owner < 0 ? 'the program that sent it has gone away' : `the browser belongs to another user (${owner})`,
      );
  };

  return {
    assertOwner,

    levelOf(given) {
      if (given === undefined) return null;
      if (isSameText(given, token)) return 'admin';
      // Found by its digest, so that the time it takes tells nothing of the key.
      const grant = keys.get(digest(given));
      return grant === undefined || grant.expiresAt <= now() ? null : grant.level;
    },

    issue(level, uses) {
      if (uses === 'often') {
        const expiresAt = now() + LINK_MS;
        const at = expiresAt.toString(36);
        return { ticket: `${level}.${at}.${signature(level, at)}`, expiresAt };
      }
      const ticket = randomBytes(24).toString('hex');
      const expiresAt = now() + TICKET_MS;
      tickets.set(ticket, { level, expiresAt });
      prune(tickets);
      return { ticket, expiresAt };
    },

    exchange(ticket, owner) {
      if (typeof ticket !== 'string' || ticket.length > 200) throw refuse('it holds no ticket');
      const isLink = ticket.includes('.');
      // Before the ticket is looked at: who may not use it cannot use it up either.
      if (owner === null && isLink) throw refuse('it cannot be told which user the browser belongs to');
      assertOwner(owner);
      const level = isSameText(ticket, token) ? 'admin' : isLink ? readLink(ticket) : takeTicket(ticket);
      const id = `${level}.${(now() + SESSION_MS).toString(36)}.${randomBytes(12).toString('hex')}`;
      return { id, secret: secretOf(id) };
    },

    challenge(id, pageNonce, port) {
      if (typeof id !== 'string' || typeof pageNonce !== 'string' || id.length > 200 || pageNonce.length > 200)
        throw refuse('it holds no session');
      const [name = '', end = ''] = id.split('.');
      const level = levelNamed(name);
      const expiresAt = Number.parseInt(end, 36);
      if (level === undefined || !(expiresAt > now())) throw refuse('the session of this page is over');
      const secret = secretOf(id);
      const daemonNonce = randomBytes(24).toString('hex');
      const chosen = { port, pageNonce, daemonNonce };
      challenges.set(daemonNonce, {
        secret,
        text: sessionText('page', chosen),
        key: hmac(secret, sessionText('key', chosen)),
        grant: { level, expiresAt },
        expiresAt: now() + CHALLENGE_MS,
      });
      prune(challenges);
      return { nonce: daemonNonce, proof: hmac(secret, sessionText('daemon', chosen)) };
    },

    prove(daemonNonce, proof) {
      const found = typeof daemonNonce === 'string' ? challenges.get(daemonNonce) : undefined;
      challenges.delete(String(daemonNonce));
      if (found === undefined || found.expiresAt <= now() || typeof proof !== 'string')
        throw refuse('the session was not asked for, or too long ago');
      if (!isSameText(proof, hmac(found.secret, found.text))) throw refuse('the session is not one of this daemon');
      keys.set(digest(found.key), found.grant);
      prune(keys);
    },
  };
}

interface Grant {
  readonly level: AccessLevel;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const levelNamed = (name: string): AccessLevel | undefined => ACCESS_LEVELS.find((known) => known === name);
const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex');
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Takes as long for a wrong text as for the right one. */
function isSameText(a: string, b: string): boolean {
  const bytes = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(bytes(a), bytes(b));
}
