import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KojiboxError } from '../../contract/errors.ts';
import { sessionText, type PageSession } from '../../contract/page-session.ts';
import { createPageKeys, type PageKeys } from './page-keys.ts';

const TOKEN = 'a'.repeat(48);
const [ME, ROOT, OTHER] = [1000, 0, 1001];

const PORT = 7420;
const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex');

/** The page's side, with Node's own HMAC. @returns its key */
function prove(keys: PageKeys, { id, secret }: PageSession, port = PORT): string {
  const pageNonce = randomBytes(24).toString('hex');
  const { nonce: daemonNonce, proof } = keys.challenge(id, pageNonce, PORT);
  const chosen = { port, pageNonce, daemonNonce };
  expect(proof).toBe(hmac(secret, sessionText('daemon', { ...chosen, port: PORT })));
  keys.prove(daemonNonce, hmac(secret, sessionText('page', chosen)));
  return hmac(secret, sessionText('key', chosen));
}

function setUp(secret = 'c'.repeat(64)) {
  let time = Date.UTC(2030, 0, 1);
  const keys = createPageKeys({ token: TOKEN, secret, owners: [ME, ROOT], now: () => time });
  const refusal = (ticket: unknown, owner: number | null = ME): string => {
    try {
      keys.exchange(ticket, owner);
      return 'let in';
    } catch (error) {
      return `${(error as KojiboxError).code}: ${(error as KojiboxError).detail}`;
    }
  };
  return { keys, refusal, pass: (ms: number) => void (time += ms) };
}

describe('a ticket', () => {
  it('is good once', () => {
    const { keys, refusal } = setUp();
    const { ticket } = keys.issue('admin', 'once');
    expect(ticket).not.toContain(TOKEN);
    expect(keys.levelOf(prove(keys, keys.exchange(ticket, ME)))).toBe('admin');
    expect(refusal(ticket)).toBe('UNAUTHORIZED: it was used before, or is too old');
  });

  it('is neither let in nor used up when the program that sent it has gone away', () => {
    const { keys, refusal } = setUp();
    const { ticket } = keys.issue('admin', 'once');
    expect(refusal(ticket, -1)).toMatch(/gone away/);
    expect(keys.levelOf(prove(keys, keys.exchange(ticket, ME)))).toBe('admin');
  });

  it('is good for two minutes', () => {
    const { keys, refusal, pass } = setUp();
    const [early, late] = [keys.issue('admin', 'once'), keys.issue('admin', 'once')];
    pass(119_999);
    expect(keys.levelOf(prove(keys, keys.exchange(early.ticket, ME)))).toBe('admin');
    pass(1);
    expect(refusal(late.ticket)).toMatch(/too old/);
  });

  it('is bound to its level', () => {
    const { keys } = setUp();
    for (const level of ['read', 'operate', 'admin'] as const) {
      const key = prove(keys, keys.exchange(keys.issue(level, 'once').ticket, ME));
      expect(keys.levelOf(key)).toBe(level);
      expect(keys.levelOf(prove(keys, keys.exchange(keys.issue(level, 'often').ticket, ME)))).toBe(level);
      expect(key).not.toBe(TOKEN);
    }
  });

  it('is for programs of the same user, and another one cannot use it up', () => {
    const { keys, refusal } = setUp();
    const { ticket } = keys.issue('admin', 'once');
    expect(refusal(ticket, OTHER)).toBe('UNAUTHORIZED: the browser belongs to another user (1001)');
    expect(keys.levelOf(prove(keys, keys.exchange(ticket, ROOT)))).toBe('admin');
    // Where no one can tell, what is good once still is; what is good often is not.
    expect(keys.levelOf(prove(keys, keys.exchange(keys.issue('admin', 'once').ticket, null)))).toBe('admin');
    expect(refusal(keys.issue('admin', 'often').ticket, null)).toMatch(/cannot be told/);
  });

  it('takes no memory without end', () => {
    const { keys, refusal } = setUp();
    const first = keys.issue('read', 'once');
    const later = Array.from({ length: 200 }, () => keys.issue('read', 'once'));
    expect(refusal(first.ticket)).toMatch(/used before/);
    expect(refusal(later[0]?.ticket)).toBe('let in');
  });
});

describe('a link for people', () => {
  it('is good as often as it is clicked, for twelve hours, and with the next daemon', () => {
    const { keys, refusal, pass } = setUp();
    const { ticket } = keys.issue('admin', 'often');
    expect(ticket).not.toContain(TOKEN);
    for (let round = 0; round < 3; round++) expect(keys.levelOf(prove(keys, keys.exchange(ticket, ME)))).toBe('admin');
    expect(setUp().keys.exchange(ticket, ME).id).toMatch(/^admin[.]/);
    pass(12 * 3_600_000);
    expect(refusal(ticket)).toBe('UNAUTHORIZED: it is too old');
  });

  it('cannot be altered', () => {
    const { keys, refusal } = setUp();
    const { ticket, expiresAt } = keys.issue('read', 'often');
    const longer = (expiresAt + 1).toString(36);
    for (const altered of [
      ticket.replace('read', 'admin'),
      ticket.replace(expiresAt.toString(36), longer),
      setUp('b'.repeat(64)).keys.issue('read', 'often').ticket,
      'read..',
      '...',
    ])
      expect(refusal(altered)).toBe('UNAUTHORIZED: it is not one of this daemon');
    for (const none of [undefined, 7, { ticket }, 'x'.repeat(201)]) expect(refusal(none)).toMatch(/holds no ticket/);
  });
});

it('a token gives its level, and no other text does', () => {
  const { keys } = setUp();
  expect(keys.levelOf(TOKEN)).toBe('admin');
  for (const none of [undefined, '', 'read', TOKEN.slice(1), keys.issue('admin', 'once').ticket])
    expect(keys.levelOf(none)).toBeNull();
});

describe('a session of a page', () => {
  it('outlives the daemon, and no key does', () => {
    const { keys } = setUp();
    const session = keys.exchange(keys.issue('operate', 'once').ticket, ME);
    const key = prove(keys, session);
    const next = setUp().keys;
    expect(next.levelOf(key)).toBeNull();
    const another = prove(next, session);
    expect(next.levelOf(another)).toBe('operate');
    expect(another).not.toBe(key);
    // Of another home.
    expect(() => prove(setUp('d'.repeat(64)).keys, session)).toThrow();
  });

  it('ends after a week, with its keys', () => {
    const { keys, pass } = setUp();
    const session = keys.exchange(keys.issue('read', 'once').ticket, ME);
    const key = prove(keys, session);
    pass(7 * 24 * 3_600_000 - 1);
    expect(keys.levelOf(key)).toBe('read');
    pass(1);
    expect(keys.levelOf(key)).toBeNull();
    expect(() => keys.challenge(session.id, 'x', PORT)).toThrow(/cannot open the page/);
  });

  it('is proved to its port and once, and its level cannot be raised', () => {
    const { keys } = setUp();
    const session = keys.exchange(keys.issue('read', 'once').ticket, ME);
    expect(() => prove(keys, session, PORT + 1)).toThrow();
    const { nonce } = keys.challenge(session.id, 'mine', PORT);
    const chosen = { port: PORT, pageNonce: 'mine', daemonNonce: nonce };
    const proof = hmac(session.secret, sessionText('page', chosen));
    keys.prove(nonce, proof);
    expect(() => keys.prove(nonce, proof)).toThrow();
    const raised = { id: session.id.replace('read', 'admin'), secret: session.secret };
    expect(() => prove(keys, raised)).toThrow();
    for (const wrong of [undefined, 7, '', '..', 'admin', 'admin.zzz.1', 'x'.repeat(201)])
      expect(() => keys.challenge(wrong, 'x', PORT)).toThrow();
    for (const wrong of [undefined, 7, '', 'x']) expect(() => keys.prove(wrong, wrong)).toThrow();
  });
});
