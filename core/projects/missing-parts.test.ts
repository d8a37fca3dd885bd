import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../importers/testing/memory-files.ts';
import { assertComplete, findMissing, installCommands } from './missing-parts.ts';

const ROOT = '/code/shop';
const PACKAGE = JSON.stringify({ dependencies: { express: '5' } });
const COMPOSER = JSON.stringify({ require: { php: '^8.2', 'laravel/framework': '^11' } });
const tree = (content: Readonly<Record<string, string>>) =>
  memoryFiles(
    Object.fromEntries(
      Object.entries(content).map(([name, text]) => [name.startsWith('/') ? name : `${ROOT}/${name}`, text]),
    ),
  );

describe('what a project lacks', () => {
  it.each([
    ['packages of npm', { 'package.json': PACKAGE }, ['node_modules'], [['npm', 'install', '--no-fund', '--no-audit']]],
    [
      'packages of pnpm',
      { 'package.json': PACKAGE, 'pnpm-lock.yaml': '' },
      ['node_modules'],
      [['corepack', 'pnpm', 'install']],
    ],
    [
      'packages of Yarn',
      { 'package.json': PACKAGE, 'yarn.lock': '' },
      ['node_modules'],
      [['corepack', 'yarn', 'install']],
    ],
    [
      'packages of Composer and settings',
      { 'composer.json': COMPOSER, artisan: '', '.env.example': '' },
      ['vendor', '.env'],
      [['composer', 'install', '--no-interaction', '--no-progress']],
    ],
    ['nothing, when they are there', { 'package.json': PACKAGE, 'node_modules/express/index.js': '' }, [], []],
    [
      'nothing, when they are in the workspace around it',
      { 'package.json': PACKAGE, '/code/node_modules/express/index.js': '' },
      [],
      [],
    ],
    ['nothing, when Yarn keeps them elsewhere', { 'package.json': PACKAGE, '.pnp.cjs': '' }, [], []],
    [
      'nothing, when it needs none',
      { 'package.json': '{}', 'composer.json': '{"require":{"php":"^8.2","ext-gd":"*"}}' },
      [],
      [],
    ],
    [
      'nothing, when vendor is elsewhere',
      { 'composer.json': '{"require":{"a/b":"1"},"config":{"vendor-dir":"lib"}}', 'lib/autoload.php': '' },
      [],
      [],
    ],
  ] as const)('is %s', async (_, content, missing, commands) => {
    const files = tree(content);
    expect(await findMissing(files, ROOT)).toEqual(missing);
    expect(await installCommands(files, ROOT)).toEqual(commands);
  });

  it('is an error with its cure before the start', async () => {
    const project = { id: 'shop', name: 'Shop', path: ROOT };
    await expect(assertComplete(tree({ 'package.json': PACKAGE }), project)).rejects.toMatchObject({
      code: 'START_FAILED',
      remedy: 'Install what it needs: koji project install shop',
    });
    await assertComplete(tree({ 'server.js': '' }), project);
  });
});
