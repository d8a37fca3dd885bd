/** Names and values that reach the servers of the stack, as frameworks and client libraries expect them. Pure. */
import type { DatabaseChoice, ServerId } from './choose-database.ts';
import type { DatabaseClues } from './database-clues.ts';

const HOST = '127.0.0.1';

export interface Server {
  readonly port: number;
  /** The project's own login; empty where a server has no users. */
  readonly user: string;
  /** Null: it asks for none. */
  readonly password: string | null;
}

export interface StackServers {
  /** Those that are part of the stack. */
  readonly mariadb: Server | null;
  readonly postgres: Server | null;
  /** Null also where the project's own files name a Redis elsewhere. */
  readonly redis: Server | null;
  readonly smtpPort: number;
}

export interface DefaultFacts {
  readonly servers: StackServers;
  readonly database: DatabaseChoice;
  readonly clues: Pick<DatabaseClues, 'style' | 'driver' | 'query'>;
}

export function defaultEnvironment({ servers, database, clues }: DefaultFacts): Record<string, string> {
  const nameIn = (server: ServerId): string | null => (database.server === server ? database.name : null);
  const chosen = database.server === null ? null : servers[database.server];
  return {
    ...(servers.postgres === null ? {} : postgresNames(servers.postgres, nameIn('postgres'))),
    ...(servers.mariadb === null ? {} : mariadbNames(servers.mariadb, nameIn('mariadb'))),
    ...(servers.redis === null ? {} : redisNames(servers.redis)),
    ...mailNames(servers.smtpPort),
    ...(chosen === null || database.server === null
      ? {}
      : frameworkNames({ server: database.server, name: database.name, ...chosen }, clues)),
  };
}

/** PG*: https://www.postgresql.org/docs/current/libpq-envars.html */
function postgresNames({ port, user, password }: Server, name: string | null): Record<string, string> {
  return {
    POSTGRES_HOST: HOST,
    POSTGRES_PORT: String(port),
    POSTGRES_USER: user,
    POSTGRES_PASSWORD: password ?? '',
    POSTGRES_DB: name ?? 'postgres',
    PGHOST: HOST,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password ?? '',
    PGDATABASE: name ?? 'postgres',
  };
}

const mariadbNames = ({ port, user, password }: Server, name: string | null): Record<string, string> => ({
  MARIADB_HOST: HOST,
  MARIADB_PORT: String(port),
  MARIADB_USER: user,
  MARIADB_PASSWORD: password ?? '',
  ...(name === null ? {} : { MARIADB_DATABASE: name }),
});

const redisNames = ({ port, password }: Server): Record<string, string> => ({
  REDIS_HOST: HOST,
  REDIS_PORT: String(port),
  ...(password === null ? {} : { REDIS_PASSWORD: password }),
  REDIS_URL: `redis://${password === null ? '' : `:${encodeURIComponent(password)}@`}${HOST}:${port}`,
});

/** The catcher takes every mail, with any password and with none. */
const mailNames = (port: number): Record<string, string> => ({
  MAIL_HOST: HOST,
  MAIL_PORT: String(port),
  MAILER_DSN: `smtp://${HOST}:${port}`,
  SMTP_HOST: HOST,
  SMTP_PORT: String(port),
});

interface ChosenDatabase extends Server {
  readonly server: ServerId;
  readonly name: string | null;
}

function frameworkNames(database: ChosenDatabase, clues: DefaultFacts['clues']): Record<string, string> {
  const { server, name, port, user, password } = database;
  switch (clues.style) {
    // https://laravel.com/docs/database#configuration. No DATABASE_URL: it would win over the connection that a test names.
    case 'laravel':
      return {
        DB_CONNECTION: server === 'postgres' ? 'pgsql' : clues.driver === 'mariadb' ? 'mariadb' : 'mysql',
        DB_HOST: HOST,
        DB_PORT: String(port),
        ...(name === null ? {} : { DB_DATABASE: name }),
        DB_USERNAME: user,
        DB_PASSWORD: password ?? '',
      };
    // Its host holds the port; https://developer.wordpress.org/apis/wp-config-php/#set-database-host
    case 'wordpress':
      return {
        DB_HOST: `${HOST}:${port}`,
        ...(name === null ? {} : { DB_NAME: name }),
        DB_USER: user,
        DB_PASSWORD: password ?? '',
      };
    case 'symfony':
      return urlName(database, 'mysql', clues.query);
    case 'rails':
      return { ...plainNames(database), ...urlName(database, 'mysql2', '') };
    default:
      return { ...plainNames(database), ...urlName(database, 'mysql', clues.query) };
  }
}

const plainNames = ({ name, port, user, password }: ChosenDatabase): Record<string, string> => ({
  DB_HOST: HOST,
  DB_PORT: String(port),
  ...(name === null ? {} : { DB_NAME: name, DB_DATABASE: name }),
  DB_USER: user,
  DB_USERNAME: user,
  DB_PASSWORD: password ?? '',
});

function urlName(
  { server, name, port, user, password }: ChosenDatabase,
  mariadbScheme: string,
  query: string,
): Record<string, string> {
  if (name === null) return {};
  const scheme = server === 'postgres' ? 'postgresql' : mariadbScheme;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}`;
  return { DATABASE_URL: `${scheme}://${login}@${HOST}:${port}/${encodeURIComponent(name)}${query}` };
}
