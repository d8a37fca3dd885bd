import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPlainFile, replaceFile } from './root-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-root-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('gives every byte back, whatever its encoding', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  writeFileSync(join(folder, 'file'), bytes);
  replaceFile(join(folder, 'file'), `${readPlainFile(join(folder, 'file'))}more`);
  expect(readFileSync(join(folder, 'file')).equals(Buffer.concat([bytes, Buffer.from('more')]))).toBe(true);
});
