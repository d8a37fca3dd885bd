/**
 * SQL for the account that reads a dump into MariaDB. It has every right on one database and none on the server: no FILE, no SUPER. It stays,
 * locked, because what the dump has defined (views, routines, triggers, events) runs with the rights of its definer.
 * https://mariadb.com/kb/en/grant/, https://mariadb.com/kb/en/account-locking/
 */
import { randomBytes } from 'node:crypto';
import type { LoaderLogin } from './engine.ts';

/** Where clients come from: the server takes connections of this machine only, and resolves no names. */
const HOST = '127.0.0.1';

/** @param database letters, digits and underscores, see the contract; an imported one may have more */
export const userFor = (database: string): string => `kojibox_db_${database}`.slice(0, 80);

export const accountAt = (user: string, host: string): string => `'${user.replaceAll("'", "''")}'@'${host}'`;
const account = (user: string): string => accountAt(user, HOST);
const name = (text: string): string => `\`${text.replaceAll('`', '``')}\``;
/** In a right on a database, two characters stand for others. @param more a pattern for what follows the name */
export const databasePattern = (database: string, more = ''): string =>
  name(`${database.replaceAll(/[\\_%]/g, String.raw`\$&`)}${more}`);

export const openLoader = (database: string, { user, password }: LoaderLogin): string =>
  `create user if not exists ${account(user)} account lock;
alter user ${account(user)} identified by '${password}' account unlock;
grant all privileges on ${databasePattern(database)}.* to ${account(user)};
`;

/** With a password that is kept nowhere. */
export const closeLoader = ({ user }: Pick<LoaderLogin, 'user'>): string =>
  `alter user ${account(user)} identified by '${randomBytes(24).toString('hex')}' account lock;\n`;

export const dropLoader = (database: string): string => `drop user if exists ${account(userFor(database))}`;
export const dropDatabase = (database: string): string => `drop database ${name(database)}; ${dropLoader(database)}`;
