import { describe, expect, it } from 'vitest';
import { createDumpScan, databaseOf, type DumpFindings } from './dump-scan.ts';
import { problemOf } from './import-dump.ts';
import { mariadbEngine } from './mariadb-engine.ts';
import { postgresEngine } from './postgres-engine.ts';

const scan = (content: string | Buffer): DumpFindings => {
  const found = createDumpScan();
  found.through(Buffer.from(content));
  return found.findings();
};
const POSTGRES = '--\n-- PostgreSQL database dump\n--\n';
const END = '-- PostgreSQL database dump complete\n';

describe('what a dump is', () => {
  it.each([
    [POSTGRES + END, 'postgres', false],
    [POSTGRES, 'postgres', true],
    ['/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n-- Dump completed on 2026\n', 'mysql', false],
    ['-- MySQL dump 10.13\ncreate table t (a int);\n', 'mysql', true],
    ['-- phpMyAdmin SQL Dump\n', 'mysql', false],
    ['create table t (a int);', 'sql', false],
    ['PGDMP\u0001', 'postgres-archive', false],
    [Buffer.from([0xff, 0xfe, 0x41, 0]), 'utf16', false],
    [Buffer.from([1, 0]), 'binary', false],
    ['', 'empty', false],
  ] as const)('%j', (content, kind, isCut) => expect(scan(content)).toMatchObject({ kind, isCut }));

  it('names the roles and the databases of its statements, not those of its rows', () => {
    const rows = 'COPY t (a) FROM stdin;\nALTER TABLE t OWNER TO eve;\n\\connect eve\n\\.\n';
    const found = scan(
      `${POSTGRES}${rows}ALTER TABLE public.t OWNER TO "Bob ""B""";
GRANT SELECT ON TABLE public.t TO reader;
GRANT ALL ON SCHEMA public TO PUBLIC;
REVOKE ALL ON TABLE t FROM writer;
GRANT SELECT ON TABLE t TO pg_monitor;
\\connect shop
${END}`,
    );
    expect(found.roles).toEqual(['Bob "B"', 'reader', 'writer']);
    expect(found.databases).toEqual(['shop']);
  });

  it.each([
    ['USE `my``shop`;', 'my`shop'],
    ['use shop ;', 'shop'],
    ['\\connect -reuse-previous=on "dbname=\'my shop\'"', 'my shop'],
    ['\\connect "My"', 'My'],
    ['-- USE shop;', null],
    ['USER;', null],
  ])('%s changes to %j', (line, name) => expect(databaseOf(line)).toBe(name));
});

describe('why a dump is not read', () => {
  const found = (more: Partial<DumpFindings>): DumpFindings => ({
    ...{ kind: 'sql', isCut: false, databases: [], roles: [], tables: 0, collation: null },
    ...more,
  });
  it('is told, with the cure', () => {
    expect(problemOf(found({ kind: 'mysql' }), postgresEngine, 'PostgreSQL', 'none')?.[0]).toContain('MySQL');
    expect(problemOf(found({ kind: 'postgres-archive' }), mariadbEngine, 'MariaDB', 'none')?.[0]).toContain(
      'PostgreSQL',
    );
    expect(problemOf(found({ kind: 'postgres-archive' }), postgresEngine, 'PostgreSQL', 'gzip')?.[1]).toContain(
      'Unpack',
    );
    expect(problemOf(found({ databases: ['a', 'b'] }), mariadbEngine, 'MariaDB', 'none')?.[0]).toContain('2 databases');
    for (const good of [{}, { databases: ['a'] }, { kind: 'mysql' as const }])
      expect(problemOf(found(good), mariadbEngine, 'MariaDB', 'gzip')).toBeNull();
    expect(problemOf(found({ kind: 'postgres-archive' }), postgresEngine, 'PostgreSQL', 'none')).toBeNull();
  });
});
