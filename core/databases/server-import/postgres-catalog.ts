/** What is asked of PostgreSQL for an import; every column as text. https://www.postgresql.org/docs/current/catalogs.html */
import { quote } from '../postgres-names.ts';
import type { Row } from './foreign-server.ts';

const USER_SCHEMA = `n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'`;
const notOfExtension = (catalog: string, oid: string): string =>
  `not exists (select 1 from pg_depend x where x.classid = '${catalog}'::regclass and x.objid = ${oid} and x.deptype = 'e')`;
const USER_TABLE = `c.relkind = 'r' and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')}`;

export const majorOf = (version: string): number => Number.parseInt(version, 10);
export const namesOf = (rows: readonly Row[]): Set<string> => new Set(rows.map(({ name }) => name ?? ''));

export const SERVER = `select current_setting('server_version') as version, current_setting('server_version_num') as number`;

/** The columns that say where an order comes from have changed their names; to_jsonb takes what is there. */
export const DATABASES = `select d.datname as name, pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, d.datctype as ctype,
  coalesce(to_jsonb(d)->>'datlocprovider', 'c') as provider,
  coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale', '') as locale,
  has_database_privilege(d.oid, 'connect') and d.datallowconn as open
from pg_database d where not d.datistemplate order by 1`;

/** One row about the database that is open. */
export const CONTENT = `select
  (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${USER_TABLE}) as tables,
  (select coalesce(sum(pg_table_size(c.oid)), 0) from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${USER_TABLE}) as bytes,
  (select string_agg(format('%I.%I', n.nspname, c.relname), ', ') from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${USER_TABLE} and not (has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'))) as unreadable,
  (select string_agg(distinct pg_get_userbyid(c.relowner), ', ') from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${USER_TABLE}) as owners,
  (select count(*) from pg_publication) as publications,
  (select string_agg(subname, ', ') from pg_stat_subscription where subname is not null) as subscriptions,
  (select string_agg(distinct name, chr(10)) from (
    select extname as name from pg_extension) e) as extensions,
  (select string_agg(distinct rolname, chr(10)) from (
    select r.rolname from pg_policy p cross join unnest(p.polroles) o join pg_roles r on r.oid = o
    union select u.usename from pg_user_mappings u where u.usename is not null and u.usename <> 'public') m) as roles`;

/** That an account which is no superuser may make. */
export const AVAILABLE_EXTENSIONS = 'select distinct name from pg_available_extension_versions where trusted';
export const ROLES = 'select rolname as name from pg_roles';

/** Tables with rows of their own: partitions, not what they are partitions of. */
export const TABLES = `select n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as quoted, pg_table_size(c.oid) as bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${USER_TABLE} order by 1, 2`;

/** Tables whose policies bind their owner too. */
export const FORCED_POLICIES = `select format('%I.%I', n.nspname, c.relname) as quoted from pg_class c join pg_namespace n on n.oid = c.relnamespace
where ${USER_TABLE} and c.relrowsecurity and c.relforcerowsecurity`;

export interface TableName {
  readonly schema: string;
  readonly name: string;
}
/** Rows of each table, by its place in the list. */
export const countRows = (tables: readonly TableName[]): string =>
  tables
    .map(
      ({ schema, name }, index) =>
        `select ${index} as place, count(*) as rows from only ${quote(schema)}.${quote(name)}`,
    )
    .join(' union all ');

const countRelations = (kind: string): string =>
  `(select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = '${kind}' and ${USER_SCHEMA} and ${notOfExtension('pg_class', 'c.oid')})`;

/** Everything else that must be there afterwards, as one row of numbers. */
export const OBJECTS = `select ${countRelations('v')} as views, ${countRelations('m')} as "materialized views",
  ${countRelations('S')} as sequences, ${countRelations('i')} as indexes, ${countRelations('f')} as "foreign tables",
  (select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${USER_SCHEMA} and ${notOfExtension('pg_proc', 'p.oid')}) as functions,
  (select count(*) from pg_trigger t where not t.tgisinternal) as triggers,
  (select count(*) from pg_constraint c join pg_namespace n on n.oid = c.connamespace where c.contype in ('c', 'f', 'p', 'u', 'x') and ${USER_SCHEMA}) as constraints,
  (select count(*) from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype in ('e', 'd') and ${USER_SCHEMA} and ${notOfExtension('pg_type', 't.oid')}) as "enumerations and domains",
  (select count(*) from pg_largeobject_metadata) as "large objects",
  (select count(*) from pg_policy) as policies`;

/** Settings of the database itself, as statements without their beginning. pg_dump leaves them out without --create. */
export const SETTINGS = `select format('set %I to %s', split_part(setting, '=', 1),
  case when split_part(setting, '=', 1) in ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')
    then substr(setting, strpos(setting, '=') + 1) else quote_literal(substr(setting, strpos(setting, '=') + 1)) end) as setting
from pg_db_role_setting s cross join unnest(setconfig) setting
where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())`;
