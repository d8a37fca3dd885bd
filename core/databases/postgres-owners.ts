/** Who owns what in a database of PostgreSQL, as SQL: the role that has the database, and what of it reaches beyond. */
import { LOGIN } from './logins/login-names.ts';
import { literal } from './postgres-names.ts';

/** Accounts of imports; one that is left by a killed daemon is removed by the next import. */
export const LOADER = 'kojibox_import_';
/** Roles that own databases; nobody logs in as one. */
export const OWNER = 'kojibox_owner_';

/** Whether a role, or one that it is a member of, reaches beyond this database. `r` is a row of pg_roles. */
export const REACHES_FURTHER = `(exists (select from pg_roles x where pg_has_role(r.oid, x.oid, 'member')
    and (x.rolsuper or x.rolcreaterole or x.rolcreatedb or x.rolreplication or x.rolbypassrls
      or x.rolname ~ '^pg_' and x.rolname <> 'pg_database_owner'))
  or exists (select from pg_database d where d.datname <> current_database() and pg_has_role(r.oid, d.datdba, 'member')))`;

const ofExtension = (catalog: string, oid: string): string =>
  `exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype in ('e', 'i', 'a'))`;

/** Objects with an owner: catalog, column of the owner, and what is left out. https://www.postgresql.org/docs/current/sql-reassign-owned.html */
const OWNED: readonly (readonly [catalog: string, owner: string, condition: string])[] = [
  ['pg_namespace', 'nspowner', `nspname !~ '^pg_'`],
  ['pg_class', 'relowner', `relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relpersistence <> 't'`],
  ['pg_proc', 'proowner', 'true'],
  // Neither the type of a table's rows, nor that of arrays, nor one made for a range.
  [
    'pg_type',
    'typowner',
    `typtype in ('b', 'c', 'd', 'e', 'r') and not exists (select from pg_type e where e.typarray = o.oid)
      and (typrelid = 0 or exists (select from pg_class c where c.oid = typrelid and c.relkind = 'c'))`,
  ],
  ['pg_operator', 'oprowner', 'true'],
  ['pg_opclass', 'opcowner', 'true'],
  ['pg_opfamily', 'opfowner', 'true'],
  ['pg_collation', 'collowner', 'true'],
  ['pg_conversion', 'conowner', 'true'],
  ['pg_ts_dict', 'dictowner', 'true'],
  ['pg_ts_config', 'cfgowner', 'true'],
  ['pg_statistic_ext', 'stxowner', 'true'],
  ['pg_foreign_server', 'srvowner', 'true'],
  ['pg_publication', 'pubowner', 'not puballtables'],
  ['pg_largeobject_metadata', 'lomowner', 'true'],
];
/** Objects of this database that belong to a role which `condition` names; `oid >= 16384` are not the server's own. */
export const objectsOf = (condition: string): string =>
  OWNED.map(
    ([catalog, owner, more]) =>
      `select '${catalog === 'pg_largeobject_metadata' ? 'pg_largeobject' : catalog}'::regclass as class, o.oid, o.${owner} as holder
       from ${catalog} o join pg_roles r on r.oid = o.${owner}
       where o.oid >= 16384 and ${more} and not ${ofExtension(catalog, 'o.oid')} and ${condition}`,
  ).join(' union all ');

/**
 * Part of a DO block that has the variables `item record` and `keeper name`. It finds the role that owns the database, or makes one where that role
 * reaches further, and lets a login have what that role has. What superusers made here becomes that role's. Idempotent.
 *
 * @param login that is to have this database; null: as it is
 * @param spare part of the name of a role that may be made
 * @param alsoLogins what logins made becomes that role's too, so that an import may replace it
 */
export const keepDatabase = (login: string | null, spare: string, alsoLogins: boolean): string => `
  select r.rolname into keeper from pg_database d join pg_roles r on r.oid = d.datdba
    where d.datname = current_database() and not ${REACHES_FURTHER};
  if keeper is null then
    keeper := '${OWNER}${spare}';
    execute format('create role %I nologin', keeper);
    -- A login that made the database itself.
    for item in select r.rolname from pg_database d join pg_roles r on r.oid = d.datdba
        where d.datname = current_database() and r.rolname ~ '^${LOGIN}' loop
      execute format('grant %I to %I', keeper, item.rolname);
    end loop;
    execute format('alter database %I owner to %I', current_database(), keeper);
  end if;
  ${login === null ? '' : giveTo(login)}
  for item in select i.type, i.identity from (${objectsOf(`(r.rolsuper${alsoLogins ? ` or r.rolname ~ '^${LOGIN}'` : ''})`)}) o,
      pg_identify_object(o.class, o.oid, 0) i loop
    execute format('alter %s %s owner to %I', case item.type when 'statistics object' then 'statistics' else item.type end, item.identity, keeper);
  end loop;
  -- What is made later can be seen by its views and functions.
  for item in select r.rolname from pg_roles r where r.rolname = current_user
      or r.rolname ~ '^${LOGIN}' and r.rolname <> keeper and pg_has_role(r.oid, keeper, 'member') loop
    execute format('alter default privileges for role %I grant all on tables to %I', item.rolname, keeper);
    execute format('alter default privileges for role %I grant all on sequences to %I', item.rolname, keeper);
    execute format('alter default privileges for role %I grant all on schemas to %I', item.rolname, keeper);
  end loop;`;

/** As the role that owns the database, and as those that a dump has named and that own something here. */
const giveTo = (login: string): string => `
  for item in select r.rolname from pg_roles r where not pg_has_role(${literal(login)}, r.oid, 'member')
      and (r.rolname = keeper or r.rolname !~ '^${LOADER}' and r.oid in (select o.holder from (${objectsOf('true')}) o) and not ${REACHES_FURTHER}) loop
    execute format('grant %I to %I', item.rolname, ${literal(login)});
  end loop;`;
