import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemFiles } from '../../daemon/system/files.ts';
import { createPlaceCheck } from './place.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'kojibox-place-')));
afterAll(() => rmSync(root, { recursive: true }));
const at = (...parts: string[]): string => join(root, ...parts);
for (const folder of ['data/home/app/projects/hello', 'data/home/app/config', 'data/homework', 'code/shop/public'])
  mkdirSync(at(folder), { recursive: true });
symlinkSync(at('data/home'), at('link-to-home'));
symlinkSync(at('data'), at('link-above'));
symlinkSync(at('data/home/app'), at('code/shop/app'));
symlinkSync(at('code/shop'), at('data/home/app/projects/away'));
symlinkSync(at('data/home/app/config'), at('data/home/app/projects/back'));

const check = createPlaceCheck({
  files: systemFiles,
  home: at('link-to-home'),
  projects: at('data/home/app/projects'),
});
const project = (path: string, overrides: Record<string, string> = {}): Promise<void> =>
  check.assertProject({ id: 'a', name: 'A', path, domain: 'a.test', stack: 'php', overrides });

describe('the folder of a project', () => {
  it.each([
    'data/home',
    'data/home/app',
    'data/home/app/config',
    'data/home/app/not-there-yet',
    'data',
    '',
    'link-to-home',
    'link-to-home/app',
    'link-above',
    'link-above/home/app/config',
    'code/shop/app',
    'code/shop/app/config/not-there-yet',
    'code/../data/home/app',
    'data/home/app/projects/../config',
    'data/home/app/projects/back',
  ])('is not in or above the home: %s', async (path) => {
    await expect(check.assertPath(join(root, '/') + path)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      field: 'path',
      remedy: expect.stringContaining('projects'),
    });
    await expect(project(at(path))).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('is not the root of all files', async () =>
    expect(check.assertPath('/')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' }));

  it.each([
    'data/home/app/projects',
    'data/home/app/projects/hello',
    'data/home/app/projects/new',
    'data/home/app/projects/away',
    'data/homework',
    'code/shop',
    'code/new/deep',
  ])('may be %s', (path) => expect(project(at(path))).resolves.toBeUndefined());
});

describe('the document root', () => {
  it.each(['..', '../..', 'app', 'app/config', '../../data/home', 'public/../../..', '/../other'])(
    'does not leave the project: %s',
    (root) =>
      expect(project(at('code/shop'), { DOCUMENT_ROOT: root })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        field: 'overrides.DOCUMENT_ROOT',
      }),
  );
  it.each(['', '.', 'public', 'public/..', './public', 'not-there-yet', '/public'])('may be %j', (root) =>
    expect(project(at('code/shop'), { DOCUMENT_ROOT: root })).resolves.toBeUndefined(),
  );
});
