/** What the command line prints comes from many others, so it goes through one door that lets no escape sequence out. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const DOOR = 'render/terminal-text.ts';

it('the command line writes to the terminal through one file', () => {
  const folder = join(import.meta.dirname, '../../cli');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== DOOR,
  );
  expect(files.length).toBeGreaterThan(50);
  const direct = files.filter((name) =>
    /process\.std(?:out|err)\.write|console\.(?:log|info|warn|error)\(/.test(readFileSync(join(folder, name), 'utf8')),
  );
  expect(direct).toEqual([]);
});
