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
  running: z.boolean(),
  databases: z.array(DatabaseSchema),
});
export type Engine = z.infer<typeof EngineSchema>;

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
    errors,
    cli: { command: ['db', 'drop'], positional: ['engine', 'name'] },
  }),
  defineOperation({
    name: 'databases.export',
    summary: 'Write a dump of a database (.sql.gz).',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({
      ...OfDatabase,
      /** Absolute; left out: below app/backups. Never overwrites. */
      path: z.string().max(4096).optional(),
    }),
    output: ChangeSchema,
    example: { engine: 'postgres', name: 'shop' },
    errors: [...errors, 'VALIDATION_FAILED'],
    cli: { command: ['db', 'export'], positional: ['engine', 'name', 'path'], paths: ['path'] },
  }),
  defineOperation({
    name: 'databases.import',
    summary: 'Read a dump (.sql or .sql.gz) into a database; what is in it is dumped first.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({ ...OfDatabase, path: z.string().min(1).max(4096) }),
    output: ChangeSchema,
    destructive: true,
    example: { engine: 'mariadb', name: 'shop', path: '/home/me/shop.sql.gz' },
    errors: [...errors, 'VALIDATION_FAILED'],
    cli: {
      command: ['db', 'import'],
      positional: ['engine', 'name', 'path'],
      paths: ['path'],
      examples: ['db import mariadb shop ~/shop.sql.gz'],
    },
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
