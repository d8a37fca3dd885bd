/**
 * How a page gets in without the daemon's token on anybody's command line, which every user of the machine can read in /proc
 * (proc(5), /proc/PID/cmdline). A program opens a page with a ticket: good once, for two minutes. A person is given a link, good for
 * twelve hours and as often as it is clicked. Both are exchanged for a key by POST, by programs of the same user only, and each is
 * bound to an access level.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ACCESS_LEVELS, type AccessLevel } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';

const TICKET_MS = 2 * 60_000;
const LINK_MS = 12 * 3_600_000;
/** A program that asks for tickets without end gets no memory for it: the oldest one goes. */
const MAX_TICKETS = 200;

export interface IssuedTicket {
  readonly ticket: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface PageKeys {
  /** The level that a bearer token gives; null: none. */
  levelOf(token: string | undefined): AccessLevel | null;
  /** @param uses `once`: for a program that opens it now. `often`: for people, outlives a restart of the daemon */
  issue(level: AccessLevel, uses: 'once' | 'often'): IssuedTicket;
  /**
   * @param owner user id of the program at the other end; -1: it has gone away; null: it cannot be told
   * @returns the bearer token of the ticket's level. Throws UNAUTHORIZED.
   */
  exchange(ticket: unknown, owner: number | null): string;
}

/**
 * @param options.token of the daemon: level admin, and the key from which all others are derived
 * @param options.owners user ids whose programs may come in with a ticket
 * @param options.now milliseconds since 1970
 */
export function createPageKeys(options: {
  readonly token: string;
  readonly owners: readonly number[];
  readonly now: () => number;
}): PageKeys {
  const { token, owners, now } = options;
  const tickets = new Map<string, { level: AccessLevel; expiresAt: number }>();
  const derive = (what: string): string => createHmac('sha256', token).update(what).digest('hex');
  // Derived, so that a page of a lower level reconnects to the next daemon too.
  const tokens = ACCESS_LEVELS.map((level) => ({ level, token: level === 'admin' ? token : derive(`level ${level}`) }));
  // 128 bits are enough, and leave a link that fits a line.
  const signature = (level: string, expiresAt: string): string => derive(`link ${level} ${expiresAt}`).slice(0, 32);

  const refuse = (detail: string): KojiboxError =>
    new KojiboxError('UNAUTHORIZED', 'cannot open the page with this link', {
      detail,
      source: 'daemon',
      remedy: 'Run `koji open` for a new link.',
    });

  const takeTicket = (ticket: string): AccessLevel => {
    const found = tickets.get(ticket);
    // Used up by being tried, whatever comes of it.
    tickets.delete(ticket);
    if (found === undefined || found.expiresAt <= now()) throw refuse('it was used before, or is too old');
    return found.level;
  };

  const readLink = (link: string): AccessLevel => {
    const [level = '', expiresAt = '', given = ''] = link.split('.');
    const known = ACCESS_LEVELS.find((name) => name === level);
    if (known === undefined || !isSameText(given, signature(level, expiresAt)))
      throw refuse('it is not one of this daemon');
    if (Number.parseInt(expiresAt, 36) <= now()) throw refuse('it is too old');
    return known;
  };

  return {
    levelOf: (given) =>
      given === undefined ? null : (tokens.find(({ token: known }) => isSameText(given, known))?.level ?? null),

    issue(level, uses) {
      if (uses === 'often') {
        const expiresAt = now() + LINK_MS;
        const at = expiresAt.toString(36);
        return { ticket: `${level}.${at}.${signature(level, at)}`, expiresAt };
      }
      const ticket = randomBytes(24).toString('hex');
      const expiresAt = now() + TICKET_MS;
      tickets.set(ticket, { level, expiresAt });
      for (const [oldest, { expiresAt: end }] of tickets)
        if (end <= now() || tickets.size > MAX_TICKETS) tickets.delete(oldest);
      return { ticket, expiresAt };
    },

    exchange(ticket, owner) {
      if (typeof ticket !== 'string' || ticket.length > 200) throw refuse('it holds no ticket');
      const isLink = ticket.includes('.');
      // Before the ticket is looked at: who may not use it cannot use it up either.
      if (owner === null ? isLink : !owners.includes(owner))
        throw refuse(
          owner === null
            ? 'it cannot be told which user the browser belongs to'
            : owner < 0
              ? 'the program that sent it has gone away'
              : `the browser belongs to another user (${owner})`,
        );
      const level = isLink ? readLink(ticket) : takeTicket(ticket);
      return tokens.find((entry) => entry.level === level)?.token ?? token;
    },
  };
}

/** Takes as long for a wrong text as for the right one. */
function isSameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
