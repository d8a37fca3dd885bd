import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pruneDownloads } from './downloads-cache.ts';

let folder: string;
const NOW = Date.now();
const file = (name: string, bytes: number, hoursAgo: number): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes));
  const at = new Date(NOW - hoursAgo * 3_600_000);
  utimesSync(path, at, at);
  return path;
};
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kojibox-cache-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('lets go of what was not used for longest, until it fits', async () => {
  const [oldest, old, recent] = [file('a/1.deb', 400, 50), file('b/2.tgz', 400, 20), file('3.tgz', 400, 10)];
  expect(await pruneDownloads(folder, 900, NOW)).toBe(400);
  expect([oldest, old, recent].map((path) => existsSync(path))).toEqual([false, true, true]);
  expect(await pruneDownloads(folder, 900, NOW)).toBe(0);
});

it('leaves what an install may be using, and a folder that is not there', async () => {
  const young = file('young.deb', 5000, 0.1);
  expect(await pruneDownloads(folder, 10, NOW)).toBe(0);
  expect(existsSync(young)).toBe(true);
  expect(await pruneDownloads(join(folder, 'none'), 10, NOW)).toBe(0);
});
