/** The databases inside the engines: list, create, drop, and dumps in and out. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { IdSchema, OkSchema } from './common.ts';
import { snapshotOperations } from './snapshots.ts';

/** What both PostgreSQL and MariaDB take without quoting. */
export const DatabaseNameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, 'use letters, digits and underscores, beginning with a letter');

export const DatabaseSchema = z.object({
  name: z.string(),
  /** Bytes on disk, as the engine says. */
  sizeBytes: z.number().nonnegative(),
  /** Tables of the user; null where the engine does not say without connecting. */
  tables: z.number().nullable(),
});
export type Database = z.infer<typeof DatabaseSchema>;

export const EngineSchema = z.object({
  /** The service: `postgres`, `mariadb`. */
  id: z.string(),
  name: z.string(),
  /** Runtime of the server, and its exact version. */
  runtime: z.string(),
  version: z.string(),
  running: z.boolean(),
  /** Why no dump of it can be written here, for people; empty when one can. */
  dumpProblem: z.string(),
  databases: z.array(DatabaseSchema),
});
export type Engine = z.infer<typeof EngineSchema>;

export const TableSchema = z.object({
  /** As `databases.export` takes it; with its schema where that is another than "public". */
  name: z.string(),
  /** Bytes of its rows on disk. */
  sizeBytes: z.number().nonnegative(),
});
export type Table = z.infer<typeof TableSchema>;

export const DumpContentSchema = z.enum(['all', 'schema', 'data']);
export type DumpContent = z.infer<typeof DumpContentSchema>;

const OfDatabase = { engine: IdSchema, name: DatabaseNameSchema };
const errors = ['NOT_FOUND', 'DATABASE_FAILED', 'UNAVAILABLE'] as const;

export const databaseOperations = [
  defineOperation({
    name: 'databases.list',
    summary: 'List the databases of each engine with their sizes.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(EngineSchema),
    errors: [...errors, 'RUNTIME_MISSING'],
    cli: { command: ['db', 'list'] },
  }),
  defineOperation({
    name: 'databases.create',
    summary: 'Create a database.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject(OfDatabase),
    output: OkSchema,
    example: { engine: 'postgres', name: 'shop' },
    errors,
    cli: { command: ['db', 'create'], positional: ['engine', 'name'], examples: ['db create postgres shop'] },
  }),
  defineOperation({
    name: 'databases.drop',
    summary: 'Drop a database; a dump of it is written first.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject(OfDatabase),
    output: ChangeSchema,
    destructive: true,
    example: { engine: 'postgres', name: 'shop' },
    errors: [...errors, 'RUNTIME_UNSUPPORTED', 'DISK_FULL'],
    cli: { command: ['db', 'drop'], positional: ['engine', 'name'] },
  }),
  defineOperation({
    name: 'databases.tables',
    summary: 'List the tables of a database with their sizes, largest first.',
    kind: 'query',
    access: 'read',
    input: z.strictObject(OfDatabase),
    output: z.array(TableSchema),
    example: { engine: 'postgres', name: 'shop' },
    errors: [...errors, 'RUNTIME_UNSUPPORTED'],
    cli: { command: ['db', 'tables'], positional: ['engine', 'name'], examples: ['db tables postgres shop'] },
  }),
  defineOperation({
    name: 'databases.export',
    summary: 'Write a dump of a database, or of some of its tables (.sql, .sql.gz or .sql.zst).',
    kind: 'command',
    access: 'operate',
    reaches: { what: ['files'], when: ({ path }) => path !== undefined },
    returnsChange: true,
    input: z.strictObject({
      ...OfDatabase,
      /** Absolute; left out: below app/backups. Never overwrites. */
      path: z.string().max(4096).optional(),
      /** Of a file whose path is left out. */
      format: z.enum(['sql.gz', 'sql.zst', 'sql']).default('sql.gz'),
      /** As `databases.tables` names them; left out: all. */
      tables: z.array(z.string().min(1).max(200)).max(1000).default([]),
      /** `schema`: no rows; `data`: rows alone. */
      content: DumpContentSchema.default('all'),
    }),
    output: ChangeSchema,
    example: { engine: 'postgres', name: 'shop' },
    errors: [...errors, 'VALIDATION_FAILED', 'RUNTIME_UNSUPPORTED', 'DISK_FULL'],
    cli: {
      command: ['db', 'export'],
      positional: ['engine', 'name', 'path'],
      paths: ['path'],
      examples: ['db export postgres shop', 'db export mariadb shop ~/orders.sql.zst --tables orders --tables items'],
    },
  }),
  defineOperation({
    name: 'databases.import',
    summary:
      'Read a dump (.sql, .sql.gz, .sql.zst, .zip, or an archive of pg_dump) into a database: all of it, or nothing is changed; what is in it is dumped first.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['files', 'programs'] },
    returnsChange: true,
    input: z.strictObject({
      ...OfDatabase,
      path: z.string().min(1).max(4096),
      /** Makes the database where there is none of this name. */
      create: z.boolean().default(false),
      /** Puts the dump in place of what is in the database. */
      replace: z.boolean().default(false),
    }),
    output: ChangeSchema,
    destructive: true,
    example: { engine: 'mariadb', name: 'shop', path: '/home/me/shop.sql.gz' },
    errors: [...errors, 'VALIDATION_FAILED', 'RUNTIME_UNSUPPORTED', 'DISK_FULL'],
    cli: {
      command: ['db', 'import'],
      positional: ['engine', 'name', 'path'],
      paths: ['path'],
      examples: [
        'db import mariadb shop ~/shop.sql.gz',
        'db import postgres shop_of_monday ~/shop.dump --create',
        'db import postgres shop ~/shop.sql.zst --replace',
      ],
    },
  }),
  defineOperation({
    name: 'databases.copy',
    summary: 'Copy a database of a server into a new one beside it.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({ ...OfDatabase, target: DatabaseNameSchema }),
    output: ChangeSchema,
    example: { engine: 'postgres', name: 'shop', target: 'shop_test' },
    errors: [...errors, 'VALIDATION_FAILED', 'RUNTIME_UNSUPPORTED', 'DISK_FULL'],
    cli: { command: ['db', 'copy'], positional: ['engine', 'name', 'target'] },
  }),
  defineOperation({
    name: 'databases.connection',
    summary: 'Show how to connect to a database, password included.',
    kind: 'query',
    access: 'admin',
    input: z.strictObject(OfDatabase),
    output: z.object({
      url: z.string(),
      host: z.string(),
      port: z.int(),
      user: z.string(),
      password: z.string(),
    }),
    holdsSecret: true,
    example: { engine: 'postgres', name: 'shop' },
    errors,
    cli: { command: ['db', 'connection'], positional: ['engine', 'name'] },
  }),
  defineOperation({
    name: 'databases.openAdminer',
    summary: 'Give a link that opens Adminer, logged in; fetches it the first time.',
    kind: 'command',
    access: 'admin',
    holdsSecret: true,
    input: z.strictObject({ engine: IdSchema, name: DatabaseNameSchema.optional() }),
    output: z.object({ url: z.string() }),
    example: { engine: 'postgres', name: 'shop' },
    errors: [...errors, 'DOWNLOAD_FAILED', 'DIGEST_MISMATCH', 'DISK_FULL', 'RUNTIME_UNSUPPORTED', 'CERTIFICATE_FAILED'],
    cli: { command: ['db', 'adminer'], positional: ['engine', 'name'], examples: ['db adminer postgres shop'] },
  }),
  ...snapshotOperations,
] as const;
