/** What a dump is, before anything is done with it: by its head and end, and by its statements that reach beyond one database. Pure. */
import { createDumpLines } from './dump-lines.ts';

export type DumpKind =
  | 'postgres'
  /** pg_dumpall: all databases and roles. */
  | 'postgres-all'
  /** pg_dump -Fc, which pg_restore reads. */
  | 'postgres-archive'
  | 'mysql'
  /** SQL of any other program. */
  | 'sql'
  | 'utf16'
  | 'sqlite'
  | 'binary'
  | 'empty';

export interface DumpFindings {
  readonly kind: DumpKind;
  /** It has the head of a program that writes a last line, and does not have that line. */
  readonly isCut: boolean;
  /** That it changes to, in the order of the file. */
  readonly databases: readonly string[];
  /** Roles of PostgreSQL that its statements name. */
  readonly roles: readonly string[];
  /** Statements that make one. */
  readonly tables: number;
  /** Collation that most tables of MySQL or MariaDB name; null: none does. */
  readonly collation: string | null;
}

export interface DumpScan {
  through(piece: Uint8Array): Uint8Array;
  findings(): DumpFindings;
}

const HEADS: readonly (readonly [RegExp, DumpKind])[] = [
  [/^-- PostgreSQL database cluster dump$/, 'postgres-all'],
  [/^-- PostgreSQL database dump$/, 'postgres'],
  [/^-- (?:MariaDB|MySQL) dump /, 'mysql'],
  [/^\/\*M?!999999\\- enable the sandbox mode/, 'mysql'],
  [/^-- (?:phpMyAdmin SQL Dump|Adminer [\d.]+ (?:MySQL|MariaDB))/, 'mysql'],
  [/^\/\*!40\d{3} SET /, 'mysql'],
  [/^SET (?:statement_timeout|client_encoding|standard_conforming_strings) = /, 'postgres'],
];
const NAME = String.raw`("(?:[^"]|"")+"|[\w$]+)`;
const ROLES: readonly RegExp[] = [
  new RegExp(String.raw`^ALTER .* OWNER TO ${NAME};$`, 'i'),
  new RegExp(String.raw`^GRANT .* TO ${NAME}(?: WITH GRANT OPTION)?;$`, 'i'),
  new RegExp(String.raw`^REVOKE .* FROM ${NAME};$`, 'i'),
  new RegExp(String.raw`^ALTER DEFAULT PRIVILEGES FOR ROLE ${NAME} `, 'i'),
  new RegExp(String.raw`^CREATE POLICY .* TO ${NAME}(?: USING| WITH CHECK|;)`, 'i'),
  new RegExp(String.raw`^SET SESSION AUTHORIZATION ${NAME};$`, 'i'),
];
/** Words that stand where a role does. */
const NO_ROLES = new Set(['public', 'current_user', 'session_user', 'current_role', 'default']);
const USE = /^USE (?:`((?:[^`]|``)+)`|([\w$-]+))\s*;\s*$/i;
const CONNECT = /^\\connect (?:-reuse-previous=on )?(?:"dbname='((?:[^'\\]|\\.)+)'"|"((?:[^"]|"")+)"|(\S+))\s*$/;
/** How MySQL and MariaDB end a table. */
const TABLE_END = /^\) ?ENGINE=.* COLLATE[= ](\w+)/i;
const HEAD_LINES = 40;

const unquote = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
/** Those that PostgreSQL has itself. */
const isOwn = (role: string): boolean => role.startsWith('pg_') || NO_ROLES.has(role.toLowerCase());

/** The database that a line changes to; null: it does not. */
export function databaseOf(line: string): string | null {
  const [, quoted, plain] = USE.exec(line) ?? [];
  if (quoted !== undefined) return quoted.replaceAll('``', '`');
  if (plain !== undefined) return plain;
  const [, byString, byName, bare] = CONNECT.exec(line) ?? [];
  return byString?.replaceAll(/\\(.)/g, '$1') ?? byName?.replaceAll('""', '"') ?? bare ?? null;
}

export function createDumpScan(): DumpScan {
  const [databases, roles] = [new Set<string>(), new Set<string>()];
  const collations = new Map<string, number>();
  let head = Buffer.alloc(0);
  let kind: DumpKind | null = null;
  let [wantsEnd, hasEnd, tables] = [false, false, 0];

  const lines = createDumpLines((line, number) => {
    if (number <= HEAD_LINES) {
      const found = HEADS.find(([pattern]) => pattern.test(line));
      kind ??= found?.[1] ?? null;
      wantsEnd ||= /^-- (?:PostgreSQL database (?:cluster )?dump$|(?:MariaDB|MySQL) dump )/.test(line);
    }
    hasEnd ||= /^-- (?:PostgreSQL database (?:cluster )?dump complete|Dump completed)/.test(line);
    if (/^CREATE TABLE /i.test(line)) tables += 1;
    const collation = TABLE_END.exec(line)?.[1];
    if (collation !== undefined) collations.set(collation, (collations.get(collation) ?? 0) + 1);
    const database = databaseOf(line);
    if (database !== null) databases.add(database);
    for (const pattern of ROLES) {
      const role = pattern.exec(line)?.[1];
      if (role !== undefined && !isOwn(role)) roles.add(unquote(role));
    }
    return null;
  });

  return {
    through(piece) {
      if (head.length < 512) head = Buffer.concat([head, piece]).subarray(0, 512);
      if (binaryKind(head) === null) lines.through(piece);
      return piece;
    },
    findings() {
      lines.end();
      const binary = binaryKind(head);
      return {
        kind: binary ?? kind ?? 'sql',
        isCut: binary === null && wantsEnd && !hasEnd,
        databases: [...databases],
        roles: [...roles],
        tables,
        collation: [...collations].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null,
      };
    },
  };
}

/** By the first bytes; null: it is text. */
function binaryKind(head: Buffer): DumpKind | null {
  if (head.length === 0) return 'empty';
  if (head.toString('latin1', 0, 5) === 'PGDMP') return 'postgres-archive';
  if (head.toString('latin1', 0, 15) === 'SQLite format 3') return 'sqlite';
  const mark = head.toString('latin1', 0, 2);
  if (mark === '\xff\xfe' || mark === '\xfe\xff') return 'utf16';
  return head.includes(0) ? 'binary' : null;
}
