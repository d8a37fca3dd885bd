/**
 * SQL for a login of projects in PostgreSQL. It may make databases, because frameworks make and drop those of their tests, and it owns what it makes.
 * It is no superuser, makes no roles, and is a member of nothing that reaches files or programs of the server.
 * https://www.postgresql.org/docs/current/role-attributes.html
 */
import type { LoaderLogin } from '../engine.ts';
import { literal, quote } from '../postgres-names.ts';
import { keepDatabase, objectsOf } from '../postgres-owners.ts';
import { LOGIN } from './login-names.ts';

/** Has what projects made in the database "postgres" when they all logged in as the superuser. */
const SHARED = 'kojibox_shared';
const ATTRIBUTES = 'login createdb inherit nosuperuser nocreaterole noreplication nobypassrls';

/**
 * Idempotent; one statement each, for the database "postgres". There each login has a schema of its name, which comes first in its search path: a
 * project that names no database has its tables there, apart from those of others.
 */
export const ensurePostgresLogin = ({ user, password }: LoaderLogin): string[] => [
  `do $login$
declare item record;
begin
  -- The first login of a data folder of former versions.
  if not exists (select from pg_roles where rolname ~ '^${LOGIN}') and not exists (select from pg_roles where rolname = '${SHARED}')
      and exists (select from (${objectsOf('r.rolsuper')}) o where o.class = 'pg_class'::regclass) then
    create role ${SHARED} nologin;
    grant usage on schema public to ${SHARED};
    for item in select i.type, i.identity from (${objectsOf('r.rolsuper')}) o, pg_identify_object(o.class, o.oid, 0) i loop
      execute format('alter %s %s owner to ${SHARED}', case item.type when 'statistics object' then 'statistics' else item.type end, item.identity);
    end loop;
  end if;
  if not exists (select from pg_roles where rolname = ${literal(user)}) then
    create role ${quote(user)};
    if exists (select from pg_roles where rolname = '${SHARED}') then
      grant ${SHARED} to ${quote(user)};
    end if;
  end if;
end $login$`,
  `alter role ${quote(user)} with ${ATTRIBUTES} password ${literal(password)}`,
  `create schema if not exists ${quote(user)} authorization ${quote(user)}`,
];

/** For a session of that database. @param spare hexadecimal digits that were never used before */
export const givePostgresDatabase = (user: string, spare: string): string[] => [
  `do $give$
declare
  item record;
  keeper name;
begin
${keepDatabase(user, spare, false)}
end $give$`,
];
