/**
 * Sessions with servers of someone else, in the house's words. TLS as libpq's "prefer", wherever it can be
 * had; on this machine as its "allow", where a server wants it. https://www.postgresql.org/docs/current/libpq-ssl.html
 */
import { existsSync } from 'node:fs';
import { ownAccount } from '../system/own-account.ts';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { KojiboxError } from '../../contract/errors.ts';
import type { ServerKind } from '../../contract/server-import.ts';
import {
  isLoopback,
  type ForeignServers,
  type ServerAddress,
  type ServerSession,
} from '../../core/databases/server-import/foreign-server.ts';
import type * as Drivers from './drivers.ts';
import { pipe } from './pipe.ts';
import { sayServerImport } from '../../contract/sentences/server-import.ts';

const CONNECT_TIMEOUT_MS = 8000;
const NAMES: Readonly<Record<ServerKind, string>> = { postgres: 'PostgreSQL', mysql: 'MySQL' };
/** Where distributions, XAMPP and MAMP have them. */
const SOCKETS: Readonly<Record<ServerKind, (port: number) => readonly string[]>> = {
  postgres: (port) => ['/var/run/postgresql', '/tmp'].map((folder) => `${folder}/.s.PGSQL.${port}`),
  mysql: (port) =>
    port === 3306
      ? [
          '/run/mysqld/mysqld.sock',
          '/tmp/mysql.sock',
          '/opt/lampp/var/mysql/mysql.sock',
          '/Applications/XAMPP/xamppfiles/var/mysql/mysql.sock',
        ]
      : port === 8889
        ? ['/Applications/MAMP/tmp/mysql/mysql.sock']
        : [],
};

interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string | null;
  readonly sqlMessage?: string | null;
  readonly message: string;
}
const asDriverError = (error: unknown): DriverError => (error instanceof Error ? error : { message: String(error) });

/** @param program bundle of drivers.ts */
export function createForeignServers(program: string): ForeignServers {
  let drivers: Promise<typeof Drivers> | undefined;
  const load = (): Promise<typeof Drivers> =>
    (drivers ??= import(pathToFileURL(program).href) as Promise<typeof Drivers>);

  const open = async (address: ServerAddress, database: string, encrypted: boolean): Promise<Drivers.DriverSession> => {
    const { connectPostgres, connectMysql } = await load();
    const { kind, socket, ...rest } = address;
    // node-postgres takes the folder and makes the name of it and the port.
    const folder = socket === null ? null : dirname(socket);
    const about = { ...rest, database, encrypted, timeoutMs: CONNECT_TIMEOUT_MS };
    return kind === 'postgres' ? connectPostgres({ ...about, socket: folder }) : connectMysql({ ...about, socket });
  };

  const connect: ForeignServers['connect'] = async (address, database, signal) => {
    signal.throwIfAborted();
    const isLocal = address.socket !== null || isLoopback(address.host);
    const first = await open(address, database, !isLocal).catch(asDriverError);
    if ('query' in first) return sessionOf(first, address, !isLocal, signal);
    const again = address.socket === null && (isLocal ? mayWantTls(first) : hasNoTls(first));
    if (!again) throw connectError(address, first);
    const second = await open(address, database, isLocal).catch(asDriverError);
    if ('query' in second) return sessionOf(second, address, isLocal, signal);
    // A server without TLS has said all in its first answer.
    throw connectError(address, isLocal && !isRefused(second) ? first : second);
  };

  return {
    connect,
    pipe,
    findSockets: (kind, port) => SOCKETS[kind](port).filter((path) => existsSync(path)),
    userName: ownAccount().username,
  };
}

function sessionOf(
  session: Drivers.DriverSession,
  { kind, password }: ServerAddress,
  encrypted: boolean,
  signal: AbortSignal,
): ServerSession {
  const abort = (): void => session.destroy();
  signal.addEventListener('abort', abort, { once: true });
  return {
    encrypted,
    async query(sql) {
      try {
        return await session.query(sql);
      } catch (error) {
        signal.throwIfAborted();
        const { sqlMessage, message, sqlState, code } = asDriverError(error);
        const said = withoutPassword(sqlMessage ?? message, password);
        throw new KojiboxError('DATABASE_FAILED', sayServerImport('cannotAsk', { server: NAMES[kind] }), {
          detail: `${said}${sqlState || code ? ` (${sqlState ?? code})` : ''}`,
          source: 'databases',
        });
      }
    },
    async close() {
      signal.removeEventListener('abort', abort);
      if (signal.aborted) return;
      // A server that is gone has no session to end.
      await session.close().catch(() => undefined);
    },
  };
}

const withoutPassword = (text: string, password: string): string =>
  password === '' ? text : text.replaceAll(password, '••••••');

const stateOf = ({ sqlState, code }: DriverError): string => sqlState ?? code ?? '';
/** Class 28 is "invalid authorization" in SQL: https://www.postgresql.org/docs/current/errcodes-appendix.html; ER_ACCESS_DENIED_ERROR and its kind. */
const isRefused = (error: DriverError): boolean =>
  stateOf(error).startsWith('28') || error.errno === 1045 || error.errno === 1698;
/**
 * MySQL says so (ER_SECURE_TRANSPORT_REQUIRED). MariaDB, and both for an account with `require ssl`, say what they say to a wrong password. PostgreSQL
 * with "hostssl" alone has no entry for the login, which is 28000; a wrong password is 28P01.
 */
const mayWantTls = (error: DriverError): boolean =>
  error.errno === 3159 || (isRefused(error) && stateOf(error) !== '28P01');
const hasNoTls = ({ message, code }: DriverError): boolean =>
  /does not support (SSL|TLS)|SSL not enabled|ssl connection.*not/i.test(message) ||
  code === 'ER_SERVER_SSL_DISABLED' ||
  code === 'ER_SERVER_NOT_SUPPORT_SSL';

function connectError(address: ServerAddress, error: DriverError): KojiboxError {
  const { kind, host, port, socket, user, password } = address;
  const { code, sqlMessage, message } = error;
  const where = socket ?? `${host}:${port}`;
  const said = withoutPassword(sqlMessage ?? message, password);
  const noPassword = /must be a (non-empty )?string/.test(message);
  if (isRefused(error) || noPassword)
    return new KojiboxError('LOGIN_REFUSED', sayServerImport('cannotLogIn', { address: where, user }), {
      detail: noPassword ? sayServerImport('wantsPassword') : said,
      source: 'databases',
    });
  if (kind === 'postgres' && stateOf(error) === '3D000')
    return new KojiboxError('DATABASE_FAILED', sayServerImport('cannotOpen', { address: where }), {
      detail: said,
      source: 'databases',
    });
  return new KojiboxError(
    'SERVER_UNREACHABLE',
    sayServerImport('cannotReach', { server: NAMES[kind], address: where }),
    {
      detail: said || String(code),
      source: 'databases',
    },
  );
}
