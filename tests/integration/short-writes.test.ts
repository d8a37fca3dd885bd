/** A disk that becomes full in the middle of a file: write(2) then takes a part of it and reports success. The file of before has to stay. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-short-'));
  writeFileSync(join(folder, 'file'), 'before');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The limit for the size of files does the same as a full disk (setrlimit(2), RLIMIT_FSIZE), and needs no disk. */
const failing = (code: string): string =>
  execFileSync(
    '/bin/sh',
    [
      '-c',
      `trap '' XFSZ; ulimit -f 8; exec "$0" --no-warnings --input-type=module -e "$1"`,
      process.execPath,
      `const file = ${JSON.stringify(join(folder, 'file'))};
       const text = 'x'.repeat(20_000);
       const load = (name) => import('file://${resolve('.')}/' + name);
       try { ${code}; console.log('written'); } catch (error) { console.log(error.code); }`,
    ],
    { encoding: 'utf8' },
  ).trim();

it.each([
  ['a journal', `(await load('daemon/handover/durable-json.ts')).writeDurable(file, { text })`],
  ['a file of the system', `(await load('installer/privileged/root-files.ts')).replaceFile(file, text)`],
])('%s is as it was, and nothing is left beside it', (_, code) => {
  expect(failing(code)).toBe('EFBIG');
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('before');
  expect(readdirSync(folder)).toEqual(['file']);
});
