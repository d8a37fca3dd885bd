/** What the files of a project say about its database. Reads a few small files, runs nothing. */
import type { FolderView } from './folder-view.ts';

/** Which names the code reads: those of its framework. */
export type EnvironmentStyle = 'laravel' | 'symfony' | 'wordpress' | 'rails' | 'url' | 'plain';
/** `other`: a database that is no server of the stack, such as SQLite. */
export type NamedEngine = 'mariadb' | 'postgres' | 'other';

export interface Address {
  readonly host: string;
  /** Null: the usual one. */
  readonly port: number | null;
}

export interface DatabaseClues {
  readonly style: EnvironmentStyle;
  readonly engine: NamedEngine | null;
  /** Of the database, where a file of settings names it. */
  readonly name: string | null;
  /** Where a file of settings says that the database and Redis are; null: it does not say. */
  readonly database: Address | null;
  readonly redis: Address | null;
  /** The driver as the project calls it, e.g. `mariadb` in Laravel; null: it does not say. */
  readonly driver: string | null;
  /** What follows the name in its DATABASE_URL, e.g. `?charset=utf8mb4`. */
  readonly query: string;
}

/** Later files win, as the frameworks have it; an example counts only where there is nothing else. */
const SETTINGS = ['.env', '.env.local'] as const;
const EXAMPLES = ['.env.example', '.env.dist', '.env.sample'] as const;

export async function readDatabaseClues(view: FolderView): Promise<DatabaseClues> {
  const [style, settings, manifest] = await Promise.all([readStyle(view), readSettings(view), engineOfManifests(view)]);
  const url = parseUrl(settings['DATABASE_URL'] ?? settings['DB_URL']);
  const driver = settings['DB_CONNECTION'] ?? settings['DB_ENGINE'] ?? settings['DB_DRIVER'] ?? settings['DB_CLIENT'];
  const [host, hostPort] = splitHost(plain(settings['DB_HOST']));
  const name = plain(settings['DB_DATABASE']) ?? plain(settings['DB_NAME']);
  const engine = url?.engine ?? engineNamed(driver) ?? (style === 'wordpress' ? 'mariadb' : manifest);
  return {
    style,
    engine,
    name: url?.name ?? (engine === 'other' ? null : name),
    database: url?.address ?? (host === null ? null : { host, port: portOf(settings['DB_PORT']) ?? hostPort }),
    redis: redisAddress(settings),
    driver: driver ?? null,
    query: url?.query ?? '',
  };
}

async function readStyle(view: FolderView): Promise<EnvironmentStyle> {
  const [artisan, console, application, prisma, ...wordpress] = await Promise.all(
    [
      'artisan',
      'bin/console',
      'config/application.rb',
      'prisma/schema.prisma',
      'wp-load.php',
      'wp-config.php',
      'web/wp-config.php',
      'public/wp-config.php',
    ].map((path) => view.has(path)),
  );
  if (artisan === true) return 'laravel';
  if (console === true) return 'symfony';
  if (wordpress.some(Boolean)) return 'wordpress';
  if (application === true) return 'rails';
  return prisma === true || (await view.has('manage.py')) ? 'url' : 'plain';
}

async function readSettings(view: FolderView): Promise<Record<string, string>> {
  const found = await Promise.all(SETTINGS.map((file) => view.text(file)));
  if (found.some((text) => text !== null))
    return Object.assign({}, ...found.map((text) => parseEnvironment(text ?? '')));
  for (const file of EXAMPLES) {
    const { DB_CONNECTION, DATABASE_URL } = parseEnvironment((await view.text(file)) ?? '');
    // Only the kind of the server: an example's host and name are not a decision.
    const driver = DB_CONNECTION ?? DATABASE_URL?.split(':')[0];
    if (driver !== undefined) return { DB_CONNECTION: driver };
  }
  return {};
}

/** Lines of `NAME=value`, as dotenv has them: `export`, quotes and comments. */
export function parseEnvironment(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, name, raw] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || raw === undefined) continue;
    const quoted = /^(["'])(.*?)\1/.exec(raw);
    values[name] = quoted === null ? raw.replace(/(?:^|\s)#.*$/, '').trim() : (quoted[2] ?? '');
  }
  return values;
}

const ENGINES: readonly (readonly [NamedEngine, RegExp])[] = [
  ['mariadb', /^(?:django\.db\.backends\.)?(?:mysql2?|mariadb|trilogy|pdo_mysql|mysqli)$/i],
  [
    'postgres',
    /^(?:django\.(?:db\.backends|contrib\.gis\.db\.backends)\.)?(?:postgres|postgresql|postgis|pgsql|pg|pdo_pgsql)$/i,
  ],
];
const engineNamed = (driver: string | undefined): NamedEngine | null =>
  driver === undefined || driver === ''
    ? null
    : (ENGINES.find(([, pattern]) => pattern.test(driver.split('+')[0] ?? ''))?.[0] ?? 'other');

interface DatabaseUrl {
  readonly engine: NamedEngine;
  readonly address: Address | null;
  readonly name: string | null;
  readonly query: string;
}

function parseUrl(text: string | undefined): DatabaseUrl | null {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text ?? '')?.[1];
  if (text === undefined || scheme === undefined) return null;
  const engine = engineNamed(scheme) ?? 'other';
  if (engine === 'other' || !URL.canParse(text)) return { engine, address: null, name: null, query: '' };
  // Node takes apart the host only of schemes that it knows.
  const url = new URL(text.replace(/^[^:]+:/, 'http:'));
  const name = plain(decodeURIComponent(url.pathname.slice(1)));
  return { engine, address: { host: url.hostname, port: portOf(url.port) }, name, query: url.search };
}

function redisAddress(settings: Readonly<Record<string, string>>): Address | null {
  const url = settings['REDIS_URL'];
  if (url !== undefined && URL.canParse(url)) {
    const { hostname, port } = new URL(url.replace(/^[^:]+:/, 'http:'));
    return { host: hostname, port: portOf(port) };
  }
  const host = plain(settings['REDIS_HOST']);
  return host === null ? null : { host, port: portOf(settings['REDIS_PORT']) };
}

/** Null for what is empty or put together from other values. */
const plain = (value: string | undefined): string | null =>
  value === undefined || value === '' || value === 'null' || value.includes('$') ? null : value;
const portOf = (text: string | undefined): number | null => (/^\d{1,5}$/.test(text ?? '') ? Number(text) : null);

function splitHost(text: string | null): [string | null, number | null] {
  const match = /^([^:]+):(\d{1,5})$/.exec(text ?? '');
  return match === null ? [text, null] : [match[1] ?? null, Number(match[2])];
}

/** Client libraries of each server, by the file that lists what a project needs. */
const LIBRARIES: readonly (readonly [file: string, postgres: RegExp, mariadb: RegExp, other: RegExp | null])[] = [
  ['package.json', /"(?:pg|postgres|pg-promise)"\s*:/, /"(?:mysql2?|mariadb)"\s*:/, null],
  [
    'prisma/schema.prisma',
    /provider\s*=\s*"postgresql"/,
    /provider\s*=\s*"mysql"/,
    /provider\s*=\s*"(?:sqlite|mongodb|sqlserver)"/,
  ],
  ['requirements.txt', /^(?:psycopg|asyncpg)/im, /^(?:mysqlclient|pymysql|aiomysql|mysql-connector)/im, null],
  ['pyproject.toml', /\b(?:psycopg|asyncpg)/i, /\b(?:mysqlclient|pymysql|aiomysql)/i, null],
  ['Gemfile', /gem\s+['"]pg['"]/, /gem\s+['"](?:mysql2|trilogy)['"]/, /gem\s+['"]sqlite3['"]/],
  ['go.mod', /\b(?:lib\/pq|jackc\/pgx)\b/, /go-sql-driver\/mysql/, null],
  ['mix.exs', /:postgrex\b/, /:myxql\b/, /:ecto_sqlite3\b/],
  ['pom.xml', /<artifactId>postgresql</, /<artifactId>(?:mysql-connector|mariadb-java)/, null],
  ['build.gradle', /org\.postgresql:/, /(?:com\.mysql:|org\.mariadb)/, null],
];

/** Null when they name none, or both. */
async function engineOfManifests(view: FolderView): Promise<NamedEngine | null> {
  const found = new Set<NamedEngine>();
  await Promise.all(
    LIBRARIES.map(async ([file, postgres, mariadb, other]) => {
      const text = await view.text(file);
      if (text === null) return;
      if (postgres.test(text)) found.add('postgres');
      else if (mariadb.test(text)) found.add('mariadb');
      else if (other?.test(text) === true) found.add('other');
    }),
  );
  const [only] = found;
  return found.size === 1 && only !== undefined ? only : null;
}
