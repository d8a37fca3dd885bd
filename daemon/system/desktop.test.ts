import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFolder } from './desktop.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-desktop-'));
  mkdirSync(join(root, 'my project'));
});
afterEach(() => rmSync(root, { recursive: true }));
const program = (name: string): void =>
  writeFileSync(join(root, name), `#!/bin/sh\necho "$PWD|$*$ELECTRON_RUN_AS_NODE" > "${root}/${name}.out"\n`, {
    mode: 0o755,
  });
const environment = (): Record<string, string> => ({
  DISPLAY: ':0',
  PATH: `${root}:/bin:/usr/bin`,
  // As the daemon of the desktop app has it; an editor made with Electron must not.
  ELECTRON_RUN_AS_NODE: '1',
});

it('opens a folder in the first program that there is', async () => {
  const folder = join(root, 'my project');
  for (const name of ['phpstorm', 'codium', 'konsole', 'xdg-open']) program(name);
  const said = async (name: string): Promise<string> =>
    expect
      .poll(() => readFileSync(join(root, `${name}.out`), 'utf8'), { timeout: 5000 })
      .not.toBe('')
      .then(() => readFileSync(join(root, `${name}.out`), 'utf8'));
  await openFolder('editor', folder, environment(), 'linux');
  expect(await said('codium')).toBe(`${folder}|${folder}\n`);
  await openFolder('terminal', folder, { ...environment(), PATH: root }, 'linux');
  expect(await said('konsole')).toBe(`${folder}|\n`);
});

it('says why it cannot', async () => {
  const folder = join(root, 'my project');
  await expect(openFolder('folder', folder, { PATH: root }, 'linux')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    detail: 'the daemon was started without a display',
    remedy: expect.stringContaining(`cd '${folder}'`),
  });
  await expect(openFolder('editor', folder, { DISPLAY: ':0', PATH: root }, 'linux')).rejects.toMatchObject({
    detail: expect.stringContaining('code, codium'),
  });
});
