import { describe, expect, it } from 'vitest';
import type { KojiboxError } from '../../contract/errors.ts';
import { createPageKeys } from './page-keys.ts';

const TOKEN = 'a'.repeat(48);
const [ME, ROOT, OTHER] = [1000, 0, 1001];

function setUp(token = TOKEN) {
  let time = Date.UTC(2030, 0, 1);
  const keys = createPageKeys({ token, owners: [ME, ROOT], now: () => time });
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
    expect(keys.exchange(ticket, ME)).toBe(TOKEN);
    expect(refusal(ticket)).toBe('UNAUTHORIZED: it was used before, or is too old');
  });

  it('is neither let in nor used up when the program that sent it has gone away', () => {
    const { keys, refusal } = setUp();
    const { ticket } = keys.issue('admin', 'once');
    expect(refusal(ticket, -1)).toMatch(/gone away/);
    expect(keys.exchange(ticket, ME)).toBe(TOKEN);
  });

  it('is good for two minutes', () => {
    const { keys, refusal, pass } = setUp();
    const [early, late] = [keys.issue('admin', 'once'), keys.issue('admin', 'once')];
    pass(119_999);
    expect(keys.exchange(early.ticket, ME)).toBe(TOKEN);
    pass(1);
    expect(refusal(late.ticket)).toMatch(/too old/);
  });

  it('is bound to its level', () => {
    const { keys } = setUp();
    for (const level of ['read', 'operate', 'admin'] as const) {
      const token = keys.exchange(keys.issue(level, 'once').ticket, ME);
      expect(keys.levelOf(token)).toBe(level);
      expect(keys.levelOf(keys.exchange(keys.issue(level, 'often').ticket, ME))).toBe(level);
      if (level !== 'admin') expect(token).not.toBe(TOKEN);
    }
  });

  it('is for programs of the same user, and another one cannot use it up', () => {
    const { keys, refusal } = setUp();
    const { ticket } = keys.issue('admin', 'once');
    expect(refusal(ticket, OTHER)).toBe('UNAUTHORIZED: the browser belongs to another user (1001)');
    expect(keys.exchange(ticket, ROOT)).toBe(TOKEN);
    // Where nobody can tell, what is good once still is; what is good often is not.
    expect(keys.exchange(keys.issue('admin', 'once').ticket, null)).toBe(TOKEN);
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
    for (let round = 0; round < 3; round++) expect(keys.exchange(ticket, ME)).toBe(TOKEN);
    expect(setUp().keys.exchange(ticket, ME)).toBe(TOKEN);
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
      setUp('b'.repeat(48)).keys.issue('read', 'often').ticket,
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
