/**
 * SQL for the account that reads a dump into PostgreSQL. It logs in by itself, so that no RESET ROLE leads back to a superuser, and it has rights
 * in one database only. What it makes belongs to a role of that database in the end, never to the superuser: what a table's owner runs by
 * itself (autovacuum evaluates expressions of indexes) has no more rights than the dump had.
 * https://www.postgresql.org/docs/current/sql-copy.html, https://www.postgresql.org/docs/current/predefined-roles.html
 */
import type { LoaderLogin } from './engine.ts';
import { literal, quote } from './postgres-names.ts';
import { keepDatabase, LOADER, objectsOf, OWNER, REACHES_FURTHER } from './postgres-owners.ts';

const LOCK_TIMEOUT = '20s';

/**
 * Makes the account, and gives what is in the database to the database's own role, so that a dump may replace it.
 *
 * @param roles that the dump names; they are there
 * @param spare part of the name of a role that is made where the database has none of its own
 * @returns a script whose output is the role of the database, and then each role that the dump may not act as
 */
export function openLoader({ user, password }: LoaderLogin, roles: readonly string[], spare: string): string {
  const named = roles.length === 0 ? 'false' : `r.rolname in (${roles.map(literal).join(', ')})`;
  return `begin;
set local lock_timeout = '${LOCK_TIMEOUT}';
create role ${quote(user)} login inherit password ${literal(password)};
create role ${quote(`${user}_create`)} nologin;
grant set on parameter session_replication_role to ${quote(user)};
alter default privileges for role ${quote(user)} grant all on schemas to ${quote(`${user}_create`)};
do $loader$
declare
  item record;
  keeper name;
begin
${keepDatabase(null, spare, true)}
  execute format('grant %I to ${quote(user)}, ${quote(`${user}_create`)}', keeper);
  -- As the roles that the dump names, and as those that own something here; they may create, so that things can be given to them.
  for item in select r.rolname, r.oid from pg_roles r where r.rolname <> keeper and r.rolname !~ '^${LOADER}'
      and (${named} or r.oid in (select o.holder from (${objectsOf('true')}) o)) and not ${REACHES_FURTHER} loop
    execute format('grant %I to ${quote(user)}', item.rolname);
    if not pg_has_role(keeper, item.oid, 'member') then
      execute format('grant ${quote(`${user}_create`)} to %I', item.rolname);
    end if;
  end loop;
end $loader$;
commit;
select pg_get_userbyid(datdba) from pg_database where datname = current_database();
select r.rolname from pg_roles r where ${named} and not pg_has_role(${literal(user)}, r.oid, 'member');
`;
}

/** Removes accounts of imports; what is still theirs goes to the role of the database. Idempotent. @param alive accounts in use */
export const closeLoaders = (alive: readonly string[]): string => `do $loader$
declare item record;
begin
  for item in select r.rolname, r.rolcanlogin, pg_get_userbyid(d.datdba) as holder from pg_roles r, pg_database d
      where d.datname = current_database() and r.rolname ~ '^${LOADER}[0-9a-f]+(_create)?$'
        ${
          alive.length === 0
            ? ''
            : `and r.rolname not in (${alive
                .flatMap((user) => [user, `${user}_create`])
                .map(literal)
                .join(', ')})`
        } loop
    execute format('reassign owned by %I to %I', item.rolname, item.holder);
    execute format('drop owned by %I', item.rolname);
    begin
      execute format('drop role %I', item.rolname);
    exception when dependent_objects_still_exist then
      null; -- It left something in another database; an import there removes it.
    end;
  end loop;
  for item in select nspname, pg_get_userbyid(datdba) as holder from pg_namespace, pg_database
      where datname = current_database() and nspname = 'public' and nspowner = datdba loop
    alter schema public owner to pg_database_owner;
  end loop;
end $loader$;
`;

/** Selects the statement that removes the role of a database once that is gone. */
export const ownerOf = (name: string): string => `select coalesce((select format(
    'do $d$ begin drop role %I; exception when dependent_objects_still_exist then null; end $d$', r.rolname)
  from pg_database d join pg_roles r on r.oid = d.datdba where d.datname = ${literal(name)} and r.rolname ~ '^${OWNER}'), 'select') as farewell`;

/** Drops a database with the role that owns it alone. FORCE ends the sessions of others, which would keep the database; since PostgreSQL 13. */
export const dropDatabase = (name: string): string => `${ownerOf(name)} \\gset
drop database ${quote(name)} with (force);
:farewell;
`;

/** Ends the transaction of an import: what the account made goes to the role of the database with it. */
export const handOver = (user: string, owner: string): string =>
  `\nreset role;\nreassign owned by ${quote(user)} to ${quote(owner)};\ncommit;\n`;
