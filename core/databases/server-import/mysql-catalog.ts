/** What is asked of MySQL and MariaDB for an import. https://mariadb.com/kb/en/information-schema/ */
import type { Row } from './foreign-server.ts';

const HIDDEN = `('information_schema', 'mysql', 'performance_schema', 'sys')`;
/** What has rows of its own. */
const TABLE_TYPES = `('BASE TABLE', 'SYSTEM VERSIONED')`;

export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
/** For any SQL mode: as hexadecimal. */
const text = (value: string): string =>
  value === '' ? `''` : `convert(x'${Buffer.from(value, 'utf8').toString('hex')}' using utf8mb4)`;

export const SERVER = `select version() as version, @@version_comment as comment, @@lower_case_table_names as folding`;
export const DATABASES = `select s.schema_name as name, s.default_character_set_name as charset, s.default_collation_name as collation,
  coalesce(sum(t.data_length), 0) as bytes, count(t.table_name) as tables,
  group_concat(distinct t.engine separator '\\n') as engines, sum(t.table_type = 'SYSTEM VERSIONED') as versioned
from information_schema.schemata s
left join information_schema.tables t on t.table_schema = s.schema_name and t.table_type in ${TABLE_TYPES}
where s.schema_name not in ${HIDDEN} group by 1, 2, 3 order by 1`;
export const collationsOf = (name: string): string => `select distinct c as name from (
  select table_collation as c from information_schema.tables where table_schema = ${text(name)}
  union select collation_name from information_schema.columns where table_schema = ${text(name)}
  union select database_collation from information_schema.routines where routine_schema = ${text(name)}) x where c is not null`;
/** MySQL alone has the column EXPRESSION, since 8.0.13. */
export const HAS_EXPRESSIONS = `select 1 from information_schema.columns where table_schema = 'information_schema' and table_name = 'STATISTICS' and column_name = 'EXPRESSION'`;
export const functionalIndexesOf = (
  name: string,
): string => `select distinct concat(table_name, '.', index_name) as name
from information_schema.statistics where table_schema = ${text(name)} and expression is not null`;
export const definersOf = (name: string): string => `select distinct d as name from (
  select definer as d from information_schema.views where table_schema = ${text(name)}
  union select definer from information_schema.routines where routine_schema = ${text(name)}
  union select definer from information_schema.triggers where trigger_schema = ${text(name)}
  union select definer from information_schema.events where event_schema = ${text(name)}) x`;
export const eventsOf = (name: string): string =>
  `select event_name as name from information_schema.events where event_schema = ${text(name)} and status = 'ENABLED'`;
/** MariaDB names the newer ones without their character set in one column alone. */
export const KNOWN_COLLATIONS = `select full_collation_name as name from information_schema.collation_character_set_applicability`;
export const ENGINES = `select engine as name from information_schema.engines where support in ('YES', 'DEFAULT')`;
export const tablesOf = (name: string): string =>
  `select table_name as name, coalesce(data_length, 0) as bytes from information_schema.tables where table_schema = ${text(name)} and table_type in ${TABLE_TYPES} order by 1`;
export const objectsOf = (name: string): string =>
  `select
  (select count(*) from information_schema.tables where table_schema = ${text(name)} and table_type like '%VIEW') as views,
  (select count(*) from information_schema.routines where routine_schema = ${text(name)}) as routines,
  (select count(*) from information_schema.triggers where trigger_schema = ${text(name)}) as triggers,
  (select count(*) from information_schema.events where event_schema = ${text(name)}) as events,
  (select count(*) from information_schema.table_constraints where table_schema = ${text(name)} and constraint_type = 'FOREIGN KEY') as "foreign keys"`.replaceAll(
    '"',
    '`',
  );

/** Of the account and its roles, for everything or for this database, whose name may be a pattern there. */
export const rightsOn = (
  name: string,
): string => `select distinct privilege_type as name from information_schema.user_privileges
  union select privilege_type from information_schema.schema_privileges where ${text(name)} like table_schema`;

export const namesOf = (rows: readonly Row[]): string[] =>
  rows.map(({ name }) => name ?? '').filter((name) => name !== '');
