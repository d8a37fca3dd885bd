/** Databases of a server that is on this machine or elsewhere already: looked at, then copied into Kojibox's own. It is only ever read. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { IdSchema, PortSchema, TimestampSchema } from './common.ts';
import { DatabaseNameSchema } from './databases.ts';

/** `mysql` is MySQL and MariaDB: they speak one protocol, and both go into MariaDB. */
export const SERVER_KINDS = ['postgres', 'mysql'] as const;
export const ServerKindSchema = z.enum(SERVER_KINDS);
export type ServerKind = z.infer<typeof ServerKindSchema>;

/** The ports that they have when nobody chose another. */
export const SERVER_PORTS: Readonly<Record<ServerKind, number>> = { postgres: 5432, mysql: 3306 };

/** Words for programs: no line breaks, no NUL. */
const LineSchema = z.string().regex(/^[^\0\r\n]*$/, 'must be one line');

/** How to get in. The password is used and forgotten: it is neither stored nor logged. */
export const ServerLoginSchema = z.strictObject({
  kind: ServerKindSchema,
  /** Left out: this machine. */
  host: LineSchema.max(253).optional(),
  /** Left out: the usual one. */
  port: PortSchema.optional(),
  /** Unix socket, instead of host and port; for PostgreSQL the socket or its folder. */
  socket: LineSchema.max(107).regex(/^\//, 'must be an absolute path').optional(),
  /** Left out: the user who runs Kojibox, who may log in without a password at some servers. */
  user: LineSchema.max(128).optional(),
  password: z
    .string()
    .max(1024)
    .regex(/^[^\0\r\n]*$/, 'must be one line')
    .optional(),
});
export type ServerLogin = z.infer<typeof ServerLoginSchema>;

export const ForeignDatabaseSchema = z.object({
  name: z.string(),
  /** Bytes of its tables, as the server says. */
  sizeBytes: z.number().nonnegative(),
  tables: z.int(),
  /** Encoding and order, as the server names them. */
  collation: z.string(),
  /** The name it gets here: its own where that is possible. */
  target: z.string(),
  /** True: its own name is taken here, so `target` is another one. */
  taken: z.boolean(),
  /** Why it cannot be taken over, each with what helps; empty when it can. */
  problems: z.array(z.string()),
  /** What will be different here. */
  remarks: z.array(z.string()),
});
export type ForeignDatabase = z.infer<typeof ForeignDatabaseSchema>;

export const ServerReportSchema = z.object({
  kind: ServerKindSchema,
  /** "PostgreSQL", "MySQL" or "MariaDB". */
  product: z.string(),
  version: z.string(),
  /** The way in that worked; without the password. */
  login: z.object({ host: z.string(), port: z.int(), socket: z.string().nullable(), user: z.string() }),
  /** Kojibox's server that takes them; null when there is none. */
  engine: z.object({ id: z.string(), name: z.string(), version: z.string(), running: z.boolean() }).nullable(),
  /** Why nothing can be taken over now, each with what helps. */
  problems: z.array(z.string()),
  databases: z.array(ForeignDatabaseSchema),
});
export type ServerReport = z.infer<typeof ServerReportSchema>;

export const ServerImportRecordSchema = z.object({
  id: IdSchema,
  at: TimestampSchema,
  engine: IdSchema,
  /** The server that they came from: product, version and address. */
  from: z.string(),
  databases: z.array(
    z.object({ from: z.string(), name: z.string(), tables: z.int(), rows: z.number(), remarks: z.array(z.string()) }),
  ),
});
export type ServerImportRecord = z.infer<typeof ServerImportRecordSchema>;

const errors = ['NOT_FOUND', 'DATABASE_FAILED', 'LOGIN_REFUSED', 'SERVER_UNREACHABLE'] as const;
const EXAMPLE = { kind: 'mysql', port: 3306, user: 'root', password: 'secret' } as const;

export const serverImportOperations = [
  defineOperation({
    name: 'serverImport.inspect',
    summary: 'Look into another database server: its databases, and what would become of each here.',
    kind: 'query',
    access: 'admin',
    reaches: { what: ['network', 'files'] },
    holdsSecret: true,
    input: z.strictObject({
      ...ServerLoginSchema.shape,
      /** The service that takes them; left out: the first of this kind. */
      engine: IdSchema.optional(),
    }),
    output: ServerReportSchema,
    example: EXAMPLE,
    errors,
  }),
  defineOperation({
    name: 'serverImport.start',
    summary: 'Copy databases of another server into this one; that server is only read.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['network', 'files'] },
    holdsSecret: true,
    returnsChange: true,
    input: z.strictObject({
      ...ServerLoginSchema.shape,
      engine: IdSchema.optional(),
      databases: z
        .array(
          z.strictObject({
            name: z.string().min(1).max(255),
            /** Its name here; left out: its own, or one like it where the engine does not take that. */
            target: DatabaseNameSchema.optional(),
          }),
        )
        .min(1)
        .max(500),
      /** What to do when a name is taken here. */
      onConflict: z.enum(['refuse', 'rename']).default('refuse'),
    }),
    output: ChangeSchema,
    example: { ...EXAMPLE, databases: [{ name: 'shop' }, { name: 'my-blog', target: 'blog' }] },
    errors: [
      ...errors,
      'DISK_FULL',
      'DOWNLOAD_FAILED',
      'DIGEST_MISMATCH',
      'RUNTIME_UNSUPPORTED',
      'ARCHIVE_UNSAFE',
      'LINK_CHECK_FAILED',
    ],
  }),
  defineOperation({
    name: 'serverImport.list',
    summary: 'List the imports from other servers that can be undone.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(ServerImportRecordSchema),
    errors: [],
    cli: { command: ['db', 'imports'] },
  }),
  defineOperation({
    name: 'serverImport.undo',
    summary: 'Drop the databases that an import made; a dump of each is written first.',
    kind: 'command',
    access: 'operate',
    destructive: true,
    returnsChange: true,
    input: z.strictObject({ id: IdSchema }),
    output: ChangeSchema,
    example: { id: 'import-3f2a9c' },
    errors: ['NOT_FOUND', 'DATABASE_FAILED', 'UNAVAILABLE'],
    cli: { command: ['db', 'undo-import'], positional: ['id'], examples: ['db undo-import import-3f2a9c'] },
  }),
] as const;
