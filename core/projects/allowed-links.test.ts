import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import { systemFiles } from '../../daemon/system/files.ts';
import { findClosedLink, linkFoldersOf } from './allowed-links.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'kojibox-links-')));
afterAll(() => rmSync(root, { recursive: true }));
const at = (...parts: string[]): string => join(root, ...parts);
for (const folder of ['data/home/app/config', 'code/shop', 'code/shared/images', 'code/.secrets'])
  mkdirSync(at(folder), { recursive: true });
writeFileSync(at('code/file'), '');
symlinkSync(at('data/home'), at('code/to-home'));
symlinkSync(at('code/shared'), at('code/to-shared'));

const options = { files: systemFiles, home: at('data/home') };
const project = (allowed: string): ProjectConfig => ({
  id: 'shop',
  name: 'Shop',
  path: at('code/shop'),
  domain: 'shop.test',
  stack: 'php',
  overrides: { ALLOWED_LINKS: allowed },
});

describe('ALLOWED_LINKS', () => {
  it('takes folders, absolute or from the project on, and gives their real paths', async () => {
    const allowed = project(`${at('code/to-shared')}: ../shared/images :`);
    expect(await findClosedLink(allowed, options)).toBeNull();
    expect(await linkFoldersOf(allowed, options)).toEqual([
      at('code/shop'),
      at('code/shared'),
      at('code/shared/images'),
    ]);
  });

  it.each(['data/home', 'data/home/app/config', 'data', '', 'code/to-home', 'code/.secrets', 'code/file', 'code/none'])(
    'never opens %j',
    async (folder) => {
      const path = join(root, '/') + folder;
      expect(await findClosedLink(project(path), options)).toBe(path);
      expect(await linkFoldersOf(project(path), options)).toEqual([at('code/shop')]);
    },
  );

  it('never opens the root of all files', async () => expect(await findClosedLink(project('/'), options)).toBe('/'));
});
