import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../importers/testing/memory-files.ts';
import { chooseDatabase, type ChoiceFacts } from './choose-database.ts';
import { parseEnvironment, readDatabaseClues, type DatabaseClues } from './database-clues.ts';
import { computeEnvironment, valuesOf, type EnvironmentFacts } from './environment.ts';
import { viewFolder } from './folder-view.ts';

const clues = (content: Readonly<Record<string, string>>): Promise<DatabaseClues> =>
  readDatabaseClues(
    viewFolder(
      memoryFiles(Object.fromEntries(Object.entries(content).map(([name, text]) => [`/code/shop/${name}`, text]))),
      '/code/shop',
    ),
  );
const choose = async (
  content: Readonly<Record<string, string>>,
  change: Partial<ChoiceFacts> = {},
): Promise<ReturnType<typeof chooseDatabase>> =>
  chooseDatabase({
    setting: undefined,
    clues: await clues(content),
    project: 'my-shop',
    ports: { mariadb: 3307, postgres: 5433 },
    has: () => false,
    ...change,
  });

describe('which database a project uses', () => {
  it.each([
    [
      'the setting, before every file',
      { '.env': 'DB_CONNECTION=pgsql' },
      { setting: 'mariadb/blog' },
      ['mariadb', 'blog', 'setting'],
    ],
    ['the setting without a name', {}, { setting: 'postgres' }, ['postgres', 'my_shop', 'setting']],
    ['none, when the setting says so', { artisan: '' }, { setting: 'none' }, [null, undefined, 'setting']],
    [
      'a value of DATABASE that is a variable of the code is no setting',
      {},
      { setting: 'blog' },
      ['mariadb', null, 'order'],
    ],
    [
      'what .env names',
      { artisan: '', '.env': 'DB_CONNECTION=pgsql\nDB_HOST=127.0.0.1\nDB_PORT=5432\nDB_DATABASE=app' },
      {},
      ['postgres', 'app', 'files'],
    ],
    [
      'what .env.local names, which wins',
      {
        'bin/console': '',
        '.env': 'DATABASE_URL="postgresql://a:b@127.0.0.1:5432/app"',
        '.env.local': 'DATABASE_URL=mysql://root@localhost/blog?charset=utf8mb4',
      },
      {},
      ['mariadb', 'blog', 'files'],
    ],
    [
      'the server of the stack for a container’s name',
      { '.env': 'DB_CONNECTION=mysql\nDB_HOST=db\nDB_DATABASE=app' },
      {},
      ['mariadb', 'app', 'files'],
    ],
    [
      'none, when .env names SQLite',
      { artisan: '', '.env': 'DB_CONNECTION=sqlite' },
      {},
      [null, undefined, 'other-kind'],
    ],
    [
      'none, when the example names SQLite',
      { artisan: '', '.env.example': 'DB_CONNECTION=sqlite\n# DB_HOST=127.0.0.1' },
      {},
      [null, undefined, 'other-kind'],
    ],
    [
      'none, when .env names another machine',
      { artisan: '', '.env': 'DB_CONNECTION=mysql\nDB_HOST=db.example.com' },
      {},
      [null, undefined, 'elsewhere'],
    ],
    [
      'none, when .env names another server of this machine',
      { '.env': 'DATABASE_URL=postgres://me@localhost:5499/x' },
      {},
      [null, undefined, 'elsewhere'],
    ],
    [
      'ours, when .env has its port',
      { '.env': 'DATABASE_URL=postgres://me@localhost:5433/x' },
      {},
      ['postgres', 'x', 'files'],
    ],
    [
      'what the libraries are for',
      { 'manage.py': '', 'requirements.txt': 'Django\npsycopg[binary]==3' },
      {},
      ['postgres', 'my_shop', 'files'],
    ],
    [
      'none, when the libraries are for SQLite',
      { 'config/application.rb': '', Gemfile: "gem 'sqlite3'" },
      {},
      [null, undefined, 'other-kind'],
    ],
    [
      'MariaDB for WordPress',
      { 'wp-load.php': '' },
      { ports: { mariadb: 3307, postgres: 5433 } },
      ['mariadb', 'my_shop', 'files'],
    ],
    [
      'none, when that server is not in the stack',
      { 'wp-load.php': '' },
      { ports: { postgres: 5433 } },
      [null, undefined, 'not-in-stack'],
    ],
    ['the only server', { 'index.php': '' }, { ports: { postgres: 5433 } }, ['postgres', null, 'order']],
    [
      'the first server, and the database that is there',
      { 'index.php': '' },
      { has: (id) => id === 'mariadb' },
      ['mariadb', 'my_shop', 'order'],
    ],
  ] satisfies [string, Record<string, string>, Partial<ChoiceFacts>, unknown[]][])(
    'is %s',
    async (_, content, change, [server, name, because]) => {
      expect(await choose(content, change)).toEqual(
        name === undefined ? { server, because } : { server, name, because },
      );
    },
  );

  it('is an error when the setting names a server that there is not', async () => {
    await expect(choose({}, { setting: 'oracle/blog' })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      field: 'overrides.DATABASE',
    });
  });

  it('reads files of settings as dotenv does', () => {
    expect(parseEnvironment(`# A=0\nexport A=1\nB="two words" # no\nC='#3'\nD=four # no\nE=\nnot a line\nA=5`)).toEqual(
      {
        A: '5',
        B: 'two words',
        C: '#3',
        D: 'four',
        E: '',
      },
    );
  });
});

const facts = (change: Partial<EnvironmentFacts> = {}): EnvironmentFacts => ({
  servers: {
    mariadb: { port: 3307, user: 'app_shop', password: 'p@ss' },
    postgres: { port: 5433, user: 'app_shop', password: 'word' },
    redis: { port: 6381, user: '', password: null },
    smtpPort: 1026,
  },
  database: { server: 'mariadb', name: 'shop', because: 'order' },
  clues: { style: 'plain', driver: null, query: '' },
  service: {},
  project: {},
  user: {},
  ...change,
});

describe('the environment', () => {
  it.each([
    [
      'laravel',
      'mariadb',
      {
        DB_CONNECTION: 'mysql',
        DB_HOST: '127.0.0.1',
        DB_PORT: '3307',
        DB_DATABASE: 'shop',
        DB_USERNAME: 'app_shop',
        DB_PASSWORD: 'p@ss',
      },
      ['DATABASE_URL', 'DB_URL'],
    ],
    [
      'laravel',
      'postgres',
      { DB_CONNECTION: 'pgsql', DB_PORT: '5433', DB_PASSWORD: 'word', PGDATABASE: 'shop' },
      ['DATABASE_URL'],
    ],
    ['symfony', 'mariadb', { DATABASE_URL: 'mysql://app_shop:p%40ss@127.0.0.1:3307/shop' }, ['DB_HOST']],
    ['rails', 'mariadb', { DATABASE_URL: 'mysql2://app_shop:p%40ss@127.0.0.1:3307/shop', DB_HOST: '127.0.0.1' }, []],
    ['url', 'postgres', { DATABASE_URL: 'postgresql://app_shop:word@127.0.0.1:5433/shop', PGHOST: '127.0.0.1' }, []],
    [
      'wordpress',
      'mariadb',
      { DB_HOST: '127.0.0.1:3307', DB_NAME: 'shop', DB_USER: 'app_shop', DB_PASSWORD: 'p@ss' },
      ['DATABASE_URL'],
    ],
    [
      'plain',
      'mariadb',
      { DB_HOST: '127.0.0.1', DB_NAME: 'shop', MARIADB_DATABASE: 'shop', POSTGRES_DB: 'postgres' },
      [],
    ],
  ] as const)('of %s with %s has the names that it reads', (style, server, expected, missing) => {
    const values = valuesOf(
      computeEnvironment(
        facts({ clues: { style, driver: null, query: '' }, database: { server, name: 'shop', because: 'files' } }),
      ),
    );
    expect(values).toMatchObject({
      ...expected,
      REDIS_PORT: '6381',
      MAIL_PORT: '1026',
      MAILER_DSN: 'smtp://127.0.0.1:1026',
    });
    for (const name of missing) expect(values).not.toHaveProperty(name);
  });

  it('names no database of a framework where the project uses none', () => {
    const values = valuesOf(computeEnvironment(facts({ database: { server: null, because: 'elsewhere' } })));
    expect(Object.keys(values).filter((name) => /^(DB_|DATABASE_URL)/.test(name))).toEqual([]);
    expect(values['MARIADB_PORT']).toBe('3307');
  });

  it('says where each value comes from, and the later layer wins', () => {
    const variables = computeEnvironment(
      facts({
        service: { A: 'service', B: 'service', C: 'service' },
        project: { B: 'project', C: 'project', DB_NAME: 'mine', DATABASE: 'mariadb/shop', PHP_VERSION: '8.4' },
        user: { C: 'user' },
      }),
    );
    expect(
      Object.fromEntries(['A', 'B', 'C', 'DB_NAME', 'DB_PORT'].map((name) => [name, variables[name]?.origin])),
    ).toEqual({
      A: 'service',
      B: 'project',
      C: 'user',
      DB_NAME: 'project',
      DB_PORT: 'default',
    });
    expect(variables['DB_NAME']?.value).toBe('mine');
    expect(variables).not.toHaveProperty('DATABASE');
    expect(variables).not.toHaveProperty('PHP_VERSION');
  });

  it('knows its secrets', () => {
    const variables = computeEnvironment(
      facts({ project: { PLAIN: 'x', LINK: '${secret:key}', API_TOKEN: 'x', SITE: 'https://a:b@c.test/' } }),
    );
    const secret = Object.entries(variables).flatMap(([name, { isSecret }]) => (isSecret ? [name] : []));
    expect(secret.sort()).toEqual(
      [
        'API_TOKEN',
        'DATABASE_URL',
        'DB_PASSWORD',
        'LINK',
        'MARIADB_PASSWORD',
        'PGPASSWORD',
        'POSTGRES_PASSWORD',
        'SITE',
      ].sort(),
    );
  });
});
