import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../importers/testing/memory-files.ts';
import type { FileSystem } from '../system/files.ts';
import { assertDecided, decideProject } from './decide.ts';
import { detectProject } from './detect.ts';

const ROOT = '/code/My Shop';
const tree = (content: Readonly<Record<string, string>>): FileSystem =>
  memoryFiles(Object.fromEntries(Object.entries(content).map(([name, text]) => [`${ROOT}/${name}`, text])));
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
    [
      'NestJS',
      'node',
      '',
      'npm run start:dev',
      {
        'package.json': json({
          dependencies: { '@nestjs/core': '11' },
          scripts: { start: 'nest start', 'start:dev': 'nest start --watch' },
        }),
      },
    ],
    [
      'Django',
      'program',
      '',
      'python3 manage.py runserver 127.0.0.1:$PORT',
      { 'manage.py': '', 'mysite/settings.py': '' },
    ],
    [
      'Django',
      'program',
      '',
      'python3 manage.py runserver 127.0.0.1:$PORT',
      { 'manage.py': '', 'package.json': json({ scripts: { dev: 'tailwind' } }), 'static/index.html': '' },
    ],
    [
      'Flask',
      'program',
      '',
      'python3 -m flask --app app run --debug --host 127.0.0.1 --port $PORT',
      { 'requirements.txt': 'Flask==3\n', 'app.py': 'app = Flask(__name__)' },
    ],
    [
      'FastAPI',
      'program',
      '',
      'python3 -m uvicorn app.main:app --host 127.0.0.1 --port $PORT --reload',
      { 'pyproject.toml': 'dependencies = ["fastapi[standard]"]', 'app/main.py': 'app = FastAPI()' },
    ],
    [
      'Rails',
      'program',
      '',
      'bin/rails server -b 127.0.0.1 -p $PORT',
      {
        Gemfile: 'gem "rails"',
        'config/application.rb': '',
        'bin/rails': '',
        'package.json': json({}),
        'public/index.html': '',
      },
    ],
    [
      'Sinatra',
      'program',
      '',
      'bundle exec rackup -o 127.0.0.1 -p $PORT',
      { Gemfile: "gem 'sinatra'", 'config.ru': '' },
    ],
    ['Go', 'program', '', 'go run .', { 'go.mod': 'module x', 'main.go': 'package main\n' }],
    ['Go', 'program', '', 'go run ./cmd/web', { 'go.mod': 'module x', 'cmd/web/main.go': 'package main\n' }],
    ['Rust', 'program', '', 'cargo run', { 'Cargo.toml': '', 'src/main.rs': '' }],
    [
      'Spring Boot',
      'program',
      '',
      'SERVER_PORT=$PORT SERVER_ADDRESS=127.0.0.1 sh ./mvnw spring-boot:run',
      { 'pom.xml': '<artifactId>spring-boot-starter-web</artifactId>', mvnw: '' },
    ],
    [
      'Spring Boot',
      'program',
      '',
      'SERVER_PORT=$PORT SERVER_ADDRESS=127.0.0.1 gradle bootRun',
      { 'build.gradle.kts': 'id("org.springframework.boot")' },
    ],
    ['Phoenix', 'program', '', 'mix phx.server', { 'mix.exs': '{:phoenix, "~> 1.8"}' }],
    ['Deno', 'program', '', 'deno task dev', { 'deno.jsonc': '{ "tasks": { "dev": "deno run main.ts" } }' }],
    ['Bun', 'program', '', 'bun run index.ts', { 'bun.lock': '', 'index.ts': '', 'package.json': json({}) }],
    [
      '.NET',
      'program',
      '',
      'dotnet run --no-launch-profile --urls http://127.0.0.1:$PORT',
      { 'Shop.csproj': '<Project Sdk="Microsoft.NET.Sdk.Web">' },
    ],
    [
      'Python',
      'program',
      '',
      'gunicorn -b 127.0.0.1:$PORT x',
      { 'setup.py': '', Procfile: 'web: gunicorn -b 127.0.0.1:$PORT x\n' },
    ],
  ] as const)('is %s (%s in "%s")', async (framework, stack, documentRoot, command, files) => {
    expect(await detectProject(tree(files), '/code/My Shop')).toMatchObject({
      framework,
      stack,
      documentRoot,
      command,
      undecided: null,
      id: 'my-shop',
      domain: 'my-shop.test',
      name: 'My Shop',
    });
  });

  /** Source of every kind that is known and of one that is not; none of it may ever be published. */
  const SOURCES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['Plain folder', { 'README.md': '' }],
    ['Plain folder', { 'package.json': '{ half' }],
    ['Node', { 'package.json': json({ scripts: { build: 'tsc' } }) }],
    ['PHP', { 'composer.json': json({ require: { php: '^8.2' } }), 'src/Thing.php': '' }],
    ['Python', { 'requirements.txt': 'requests', 'settings.py': 'SECRET_KEY = 1' }],
    ['Flask', { 'requirements.txt': 'flask' }],
    ['Ruby', { Gemfile: '', 'config/master.key': 'k' }],
    ['Go', { 'go.mod': 'module x', 'cmd/a/main.go': '', 'cmd/b/main.go': '', 'dist/index.html': '' }],
    ['Rust', { 'Cargo.toml': '', 'src/lib.rs': '' }],
    ['Java', { 'build.gradle': '' }],
    ['Elixir', { 'mix.exs': '' }],
    ['Deno', { 'deno.json': '{}' }],
    ['Bun', { 'bun.lockb': '' }],
    ['.NET', { 'Shop.sln': '' }],
    ['.NET', { 'Lib.csproj': '<Project Sdk="Microsoft.NET.Sdk">' }],
  ];

  it.each(SOURCES)('of source (%s) is never served as it is: %j', async (framework, content) => {
    const files = tree(content);
    const detected = await detectProject(files, ROOT);
    expect(detected).toMatchObject({ framework, command: null, undecided: {} });
    expect(detected?.stack).not.toBe('static');
    await expect(decideProject(files, detected!, {})).rejects.toMatchObject({ code: 'NOTHING_TO_SERVE' });
    const detect = (path: string) => detectProject(files, path);
    const project = { id: 'x', name: 'x', path: ROOT, domain: 'x.test', overrides: {} };
    for (const stack of ['static', 'program'] as const)
      await expect(assertDecided(files, { ...project, stack }, detect)).rejects.toMatchObject({
        code: 'NOTHING_TO_SERVE',
      });
  });

  it('of source is no site of PHP either; a page, a program in PHP, assets alone and an empty folder are', async () => {
    const project = { id: 'x', name: 'x', path: ROOT, domain: 'x.test', overrides: {} };
    const decided = (content: Readonly<Record<string, string>>, stack: 'static' | 'php', overrides = {}) => {
      const files = tree(content);
      return assertDecided(files, { ...project, stack, overrides }, (path) => detectProject(files, path));
    };
    const django = { 'manage.py': '', 'shop/settings.py': 'SECRET_KEY' };
    for (const stack of ['static', 'php'] as const)
      await expect(decided(django, stack)).rejects.toMatchObject({
        code: 'NOTHING_TO_SERVE',
        remedy: expect.stringContaining('koji project set x --stack program') as string,
      });
    await expect(decided({ 'img/a.png': '', 'deploy/id_rsa': '' }, 'static')).rejects.toThrow();
    await decided({ ...django, 'public/index.html': '' }, 'static');
    await decided({ 'tool.php': '' }, 'php');
    await decided({ 'shop/index.php': '', 'notes.txt': '' }, 'php');
    await decided({ 'css/a.css': '', 'img/a.png': '', 'robots.txt': '', '.git/config': '' }, 'static');
    // The user has decided.
    await decided(django, 'static', { DOCUMENT_ROOT: '.' });
  });

  it.each(SOURCES)('of source (%s) is served when a command or a folder is chosen: %j', async (_, content) => {
    const files = tree({ ...content, 'site/index.html': '' });
    const detected = await detectProject(files, ROOT);
    expect(detected?.undecided?.folders).toContain('site');
    const run = await decideProject(files, detected!, { command: 'serve $PORT' });
    expect(run).toMatchObject({ command: 'serve $PORT', undecided: null });
    expect(['node', 'program']).toContain(run.stack);
    expect(await decideProject(files, detected!, { documentRoot: 'site' })).toMatchObject({
      stack: 'static',
      documentRoot: 'site',
    });
    await expect(decideProject(files, detected!, { documentRoot: '../..' })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
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
