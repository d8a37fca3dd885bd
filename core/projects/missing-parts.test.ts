import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../importers/testing/memory-files.ts';
import { installSteps } from './install-steps.ts';
import { assertComplete, findMissing, missingFor } from './missing-parts.ts';

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
    ['packages of npm', { 'package.json': PACKAGE }, ['node_modules'], ['npm install --no-fund --no-audit']],
    [
      'packages of pnpm',
      { 'package.json': PACKAGE, 'pnpm-lock.yaml': '' },
      ['node_modules'],
      ['npx --yes pnpm@latest install --no-frozen-lockfile'],
    ],
    [
      'packages of Yarn',
      { 'package.json': PACKAGE, 'yarn.lock': '' },
      ['node_modules'],
      ['npx --yes yarn@1 install --non-interactive'],
    ],
    [
      'packages of Composer and settings',
      { 'composer.json': COMPOSER, artisan: '', '.env.example': '' },
      ['vendor', '.env'],
      [
        'cp -n .env.example .env',
        'composer install --no-interaction --no-progress',
        'php artisan key:generate --no-interaction',
      ],
    ],
    [
      'packages of the Yarn that wrote the lock file',
      { 'package.json': PACKAGE, 'yarn.lock': '# generated\n\n__metadata:\n  version: 8\n' },
      ['node_modules'],
      ['npx --yes --package @yarnpkg/cli-dist@latest yarn install --no-immutable'],
    ],
    [
      'packages of the manager that the project names',
      { 'package.json': '{"dependencies":{"a":"1"},"packageManager":"pnpm@9.15.4+sha512.ab"}' },
      ['node_modules'],
      ['npx --yes pnpm@9.15.4 install --no-frozen-lockfile'],
    ],
    [
      'an environment of Python',
      { 'manage.py': '', 'requirements.txt': 'django' },
      ['.venv'],
      ['python3 -m venv .venv', '.venv/bin/python -m pip install --no-input -r requirements.txt'],
    ],
    ['an environment of uv', { 'pyproject.toml': '', 'uv.lock': '' }, ['.venv'], ['uv sync']],
    ['nothing, when Python has one', { 'requirements.txt': '', 'venv/bin/python': '' }, [], []],
    ['settings', { 'server.js': '', '.env.sample': 'A=1' }, ['.env'], ['cp -n .env.sample .env']],
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
    const steps = await installSteps(files, ROOT, missing);
    expect(steps.map(({ command }) => command.join(' '))).toEqual(commands);
  });

  it('is an error with its cure before the start', async () => {
    const project = { id: 'shop', name: 'Shop', path: ROOT };
    await expect(assertComplete(tree({ 'package.json': PACKAGE }), project)).rejects.toMatchObject({
      code: 'START_FAILED',
      remedy: 'Install what it needs: koji project install shop',
    });
    await assertComplete(tree({ 'server.js': '' }), project);
  });

  it('depends on what serves it', async () => {
    const both = tree({ 'composer.json': COMPOSER, 'package.json': PACKAGE, '.env.example': '' });
    const built = tree({ 'package.json': PACKAGE, '.env.example': '', 'index.php': '' });
    const python = tree({ 'manage.py': '', 'requirements.txt': '' });
    const of = (files: typeof both, stack: 'php' | 'node' | 'program' | 'static', isRunning = false) =>
      missingFor(files, { stack, path: ROOT }, isRunning);
    expect(await of(both, 'php')).toEqual({ missing: ['node_modules', 'vendor', '.env'], isNeeded: true });
    expect(await of(built, 'php')).toEqual({ missing: ['.env'], isNeeded: false });
    expect(await of(built, 'node')).toEqual({ missing: ['node_modules', '.env'], isNeeded: true });
    expect(await of(python, 'program')).toEqual({ missing: ['.venv'], isNeeded: true });
    // Its packages are in the system.
    expect(await of(python, 'program', true)).toEqual({ missing: [], isNeeded: false });
    expect(await of(both, 'static')).toEqual({ missing: [], isNeeded: false });
  });
});
