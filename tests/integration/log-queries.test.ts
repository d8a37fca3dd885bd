import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogQueries, type LogQueries } from '../../daemon/log-queries.ts';
import { startLogRotation } from '../../daemon/system/log-rotation.ts';

let root: string;
let folder: string;
let queries: LogQueries;
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const line = (second: number, level: string, text: string): string => `${at(second)} ${level} ${text}\n`;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-log-queries-'));
  folder = join(root, 'logs');
  mkdirSync(folder);
  queries = createLogQueries({
    folder,
    exports: join(root, 'exports'),
    mask: (text) => text.replaceAll('s3cret-value', '••••••'),
  });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a log over several files', () => {
  beforeAll(async () => {
    const rotation = startLogRotation(folder, silent, { maxBytes: 2000, lookEveryMs: 3_600_000 });
    for (let part = 0; part < 4; part++) {
      for (let number = part * 100; number < part * 100 + 100; number++)
        appendFileSync(join(folder, 'a.log'), line(number, number % 10 === 0 ? 'error' : 'info', `message ${number}`));
      if (part < 3) await rotation.rotateDue();
    }
    appendFileSync(
      join(folder, 'a.log'),
      `Error: of the program\n    at main (/x.js:1:2)\nthe password is s3cret-value\n`,
    );
    rotation.stop();
    writeFileSync(join(folder, 'b.log'), line(395.5, 'warn', 'of b'));
  });

  it('is rotated, in truth', () => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.gz')).length).toBeGreaterThanOrEqual(2);
  });

  it('gives the newest that match, oldest first', async () => {
    const found = await queries.query(['a'], { limit: 4 });
    expect(found.map(({ message }) => message)).toEqual([
      'message 398',
      'message 399',
      'Error: of the program\n    at main (/x.js:1:2)',
      'the password is ••••••',
    ]);
    // Without a time of their own they have that of the line before.
    expect(found.at(-1)?.ts).toBe(at(399));
  });

  it('is searched through all its files, by level, time and text', async () => {
    const errors = await queries.query(['a'], { level: 'error', limit: 1000 });
    expect(errors).toHaveLength(41);
    expect(errors[0]?.message).toBe('message 0');
    const few = await queries.query(['a'], { from: at(95), to: at(105), limit: 1000 });
    expect(few.map(({ message }) => message)).toEqual(
      Array.from({ length: 11 }, (_, index) => `message ${95 + index}`),
    );
    expect((await queries.query(['a'], { text: 'MESSAGE 17', limit: 1000 })).map(({ message }) => message)).toEqual([
      'message 17',
      ...Array.from({ length: 10 }, (_, index) => `message ${170 + index}`),
    ]);
    expect(await queries.query(['a'], { text: 'nothing has this' })).toEqual([]);
    expect(await queries.query(['never-written'], {})).toEqual([]);
  });

  it('is read page by page', async () => {
    const all = await queries.query(['a'], { limit: 10_000 });
    const pages = [];
    for (let skip = 0; skip < all.length; skip += 50)
      pages.unshift(...(await queries.query(['a'], { limit: 50, skip })));
    expect(pages).toEqual(all);
  });

  it('is put in order with others', async () => {
    const found = await queries.query(['a', 'b'], { from: at(394), to: at(396) });
    expect(found.map(({ service, message }) => `${service} ${message}`)).toEqual([
      'a message 394',
      'a message 395',
      'b of b',
      'a message 396',
    ]);
  });

  it('is exported whole, masked, into a file of its own', async () => {
    const file = await queries.export(['a', 'b'], {});
    const other = await queries.export(['a', 'b'], {});
    expect(other).not.toBe(file);
    const text = readFileSync(file, 'utf8');
    expect(text.match(/message \d+/g)).toHaveLength(400);
    expect(text).toContain('b of b');
    expect(text).not.toContain('s3cret-value');
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readdirSync(join(root, 'exports')).filter((name) => name.endsWith('.partial'))).toEqual([]);
    for (let count = 0; count < 12; count++) await queries.export(['b'], {});
    expect(readdirSync(join(root, 'exports'))).toHaveLength(10);
  });
});

describe('a million lines', () => {
  it('are answered quickly from the end, and searched without holding anything up', async () => {
    const file = join(folder, 'million.log');
    for (let block = 0; block < 100; block++) {
      let text = '';
      for (let number = 0; number < 10_000; number++) {
        const all = block * 10_000 + number;
        text += `${at(all)} info line ${String(all).padStart(7, '0')} ${'x'.repeat(56)}\n`;
      }
      appendFileSync(file, text);
    }
    const began = performance.now();
    expect((await queries.query(['million'], { limit: 100 })).at(-1)?.message).toContain('line 0999999');
    const newestMs = performance.now() - began;

    const delay = monitorEventLoopDelay({ resolution: 5 });
    const before = process.memoryUsage().rss;
    delay.enable();
    const from = performance.now();
    const found = await queries.query(['million'], { text: 'line 0000042' });
    delay.disable();
    const blockedMs = delay.max / 1e6;
    const grownMb = (process.memoryUsage().rss - before) / 1048576;
    console.log(
      `newest 100 of 1,000,000: ${newestMs.toFixed(0)} ms; search through all: ${(performance.now() - from).toFixed(0)} ms, ` +
        `event loop held up at most ${blockedMs.toFixed(0)} ms, memory +${grownMb.toFixed(0)} MB`,
    );
    expect(found.map(({ message }) => message.slice(0, 12))).toEqual(['line 0000042']);
    expect(newestMs).toBeLessThan(100);
    expect(blockedMs).toBeLessThan(100);
    expect(grownMb).toBeLessThan(200);
  });
});
