/** SQL for a login of projects in MariaDB: every right on its databases, none on the server. https://mariadb.com/kb/en/grant/ */
import type { LoaderLogin } from '../engine.ts';
import { accountAt, databasePattern } from '../mariadb-loader.ts';
import { familyOf } from './login-names.ts';

/** By TCP, and by the socket. */
const HOSTS = ['127.0.0.1', 'localhost'] as const;

/** Idempotent; one statement each. @param database that it may make itself, too */
export const ensureMariadbLogin = (database: string, { user, password }: LoaderLogin): string[] =>
  HOSTS.map((host) => accountAt(user, host)).flatMap((account) => [
    `create user if not exists ${account} identified by '${password}'`,
    `alter user ${account} identified by '${password}' account unlock`,
    ...mariadbRights(account, database),
  ]);

const mariadbRights = (account: string, database: string): string[] =>
  [
    databasePattern(database),
    databasePattern(`test_${database}`),
    ...familyOf(database).map((beginning) => databasePattern(beginning, '%')),
  ].map((place) => `grant all privileges on ${place}.* to ${account}`);

/** Rights on a database that is there, for a login that was made for another name. */
export const giveMariadbDatabase = (database: string, user: string): string[] =>
  HOSTS.map((host) => `grant all privileges on ${databasePattern(database)}.* to ${accountAt(user, host)}`);
