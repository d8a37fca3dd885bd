import { describe, expect, it } from 'vitest';
import { editMariadb } from './mariadb-lines.ts';
import { editPostgres } from './postgres-lines.ts';

const run = (edit: ReturnType<typeof editMariadb>, text: string): { lines: (string | null)[]; skipped: string[] } => {
  const skipped: string[] = [];
  return { lines: text.split('\n').map((line) => edit(line, (statement) => skipped.push(statement))), skipped };
};

describe('lines of a dump of MySQL that concern its server', () => {
  it.each([
    ["SET @@GLOBAL.GTID_PURGED='a:1-5';", 'GTID_PURGED'],
    ["SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-5,\nb:1-9,\nc:1';", 'GTID_PURGED'],
    ['SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;', 'SQL_LOG_BIN'],
    ['SET @@SESSION.SQL_LOG_BIN= 0;', 'SQL_LOG_BIN'],
    ["CHANGE MASTER TO MASTER_LOG_FILE='b.7', MASTER_LOG_POS=157;", 'CHANGE MASTER'],
    ["CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE='b.7',\nSOURCE_LOG_POS=157;", 'CHANGE MASTER'],
    ['SET GLOBAL gtid_slave_pos="0-1-2";', 'gtid_slave_pos'],
    ['/*!80000 SET SESSION information_schema_stats_expiry=0 */;', 'information_schema_stats_expiry'],
    ['FLUSH PRIVILEGES;', 'FLUSH'],
  ])('%j are left out, and named', (text, name) => {
    const { lines, skipped } = run(editMariadb(), `${text}\nCREATE TABLE t (a int);`);
    expect(lines.slice(0, -1).every((line) => line === '')).toBe(true);
    expect(lines.at(-1)).toBeNull();
    expect(skipped).toEqual([name]);
  });

  it('are no others, and what names its database goes without a word', () => {
    const others =
      "SET NAMES utf8mb4;\n-- SET @@GLOBAL.GTID_PURGED=1;\n/* SET @@GLOBAL.GTID_PURGED='a';*/\nINSERT INTO t VALUES (1);";
    expect(run(editMariadb(), others)).toEqual({ lines: [null, null, null, null], skipped: [] });
    const own = 'CREATE DATABASE `a`;\nUSE `a`;\nALTER DATABASE `a` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;';
    expect(run(editMariadb(), own)).toEqual({ lines: ['', '', ''], skipped: [] });
  });
});

describe('lines of a dump of PostgreSQL that its account may not run', () => {
  const edit = (): ReturnType<typeof editPostgres> =>
    editPostgres({ serverVersion: '17.1', withheld: ['kojibox', 'Big "B"'] });
  it.each([
    ['ALTER TABLE public.t OWNER TO kojibox;', '', 1],
    ['ALTER TABLE public.t OWNER TO "Big ""B""";', '', 1],
    ['ALTER TABLE public.t OWNER TO bob;', null, 0],
    ['ALTER DEFAULT PRIVILEGES FOR ROLE kojibox IN SCHEMA public GRANT SELECT ON TABLES TO bob;', '', 1],
    ["SET SESSION AUTHORIZATION 'bob';", "SET ROLE 'bob';", 0],
    ['SET SESSION AUTHORIZATION DEFAULT;', 'RESET ROLE;', 0],
    ['ALTER TABLE ONLY public.t DISABLE TRIGGER ALL;', 'SET session_replication_role = replica;', 0],
    ['ALTER TABLE ONLY public.t ENABLE TRIGGER ALL;', 'SET session_replication_role = origin;', 0],
    ["COMMENT ON EXTENSION hstore IS 'it''s';", '', 0],
    ['\\restrict abc', '', 0],
    ['\\connect other', '', 0],
    ['CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;', '', 1],
    ['CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;', null, 0],
    ['CREATE TABLE t (a int);', null, 0],
  ])('%s', (line, expected, named) => {
    const { lines, skipped } = run(edit(), line);
    expect(lines).toEqual([expected]);
    expect(skipped).toHaveLength(named);
  });
});
