import { describe, expect, it } from 'vitest';
import type { FileSystem } from '../system/files.ts';
import { detectProject } from './detect.ts';

/** Files by name; folders are what their names imply. */
const tree = (files: Readonly<Record<string, string>>): FileSystem => {
  const root = '/code/My Shop';
  const all = new Map(Object.entries(files).map(([name, text]) => [`${root}/${name}`, text]));
  const isFolder = (path: string): boolean =>
    path === root || [...all.keys()].some((file) => file.startsWith(`${path}/`));
  const stat = (path: string): { type: string } | null =>
    all.has(path) ? { type: 'file' } : isFolder(path) ? { type: 'directory' } : null;
  return {
    realPath: (path: string) => Promise.resolve(stat(path) === null ? null : path),
    stat: (path: string) => Promise.resolve(stat(path)),
    readText: (path: string) => Promise.resolve(all.get(path) ?? null),
  } as unknown as FileSystem;
};
const json = (value: unknown): string => JSON.stringify(value);

describe('a folder', () => {
  it.each([
    [
      'Laravel',
      'php',
      'public',
      null,
      {
        artisan: '',
        'public/index.php': '',
        'package.json': json({ devDependencies: { vite: '1' }, scripts: { dev: 'vite' } }),
      },
    ],
    ['Symfony', 'php', 'public', null, { 'bin/console': '', 'public/index.php': '' }],
    ['Drupal', 'php', 'web', null, { 'web/core/lib/Drupal.php': '', 'web/index.php': '' }],
    ['WordPress', 'php', '', null, { 'wp-load.php': '', 'index.php': '' }],
    ['PHP', 'php', '', null, { 'index.php': '' }],
    ['PHP', 'php', 'htdocs', null, { 'htdocs/index.php': '' }],
    [
      'Vite',
      'node',
      '',
      'npm run dev -- --port $PORT --strictPort --host 127.0.0.1',
      { 'package.json': json({ devDependencies: { vite: '7' }, scripts: { dev: 'vite' } }) },
    ],
    [
      'Next.js',
      'node',
      '',
      'npm run dev -- -p $PORT -H 127.0.0.1',
      { 'package.json': json({ dependencies: { next: '15' }, scripts: { dev: 'next dev' } }) },
    ],
    [
      'Express',
      'node',
      '',
      'npm run start',
      { 'package.json': json({ dependencies: { express: '5' }, scripts: { start: 'node index.js' } }) },
    ],
    [
      'Express',
      'node',
      '',
      'node index.js',
      { 'package.json': json({ dependencies: { express: '5' } }), 'index.js': '' },
    ],
    ['Node', 'node', '', 'node server.js', { 'server.js': '' }],
    ['Static site', 'static', 'dist', null, { 'dist/index.html': '' }],
    ['Plain folder', 'static', '', null, { 'README.md': '' }],
    ['Plain folder', 'static', '', null, { 'package.json': '{ half' }],
  ] as const)('is %s (%s in "%s")', async (framework, stack, documentRoot, command, files) => {
    expect(await detectProject(tree(files), '/code/My Shop')).toMatchObject({
      framework,
      stack,
      documentRoot,
      command,
      id: 'my-shop',
      domain: 'my-shop.test',
      name: 'My Shop',
    });
  });

  it('says which versions it wants', async () => {
    const php = { 'index.php': '', 'composer.json': json({ require: { php: '^8.3' } }) };
    expect(await detectProject(tree(php), '/code/My Shop')).toMatchObject({ phpVersion: '8.3', nodeVersion: null });
    const node = { 'server.js': '', '.nvmrc': 'v22.3.0\n' };
    expect(await detectProject(tree(node), '/code/My Shop')).toMatchObject({ phpVersion: null, nodeVersion: '22' });
  });

  it('that is not there is nothing', async () => expect(await detectProject(tree({}), '/code/other')).toBeNull());
});
