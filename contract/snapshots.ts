/** Snapshots of a whole database server: taken as a copy of its data folder or as a dump, and brought back. */
import { z } from 'zod';
import { ChangeSchema } from './changes.ts';
import { IdSchema, OkSchema, TimestampSchema } from './common.ts';
import { defineOperation } from './define.ts';

/** `copy`: the data folder as it is, the server stopped meanwhile. `dump`: all databases, asked of the running server. */
export const SnapshotWaySchema = z.enum(['copy', 'dump']);
export type SnapshotWay = z.infer<typeof SnapshotWaySchema>;

export const SnapshotSchema = z.object({
  id: z.string(),
  name: z.string(),
  note: z.string(),
  runtime: z.string(),
  /** Data of another series cannot be used: `17`, `10.11`. */
  series: z.string(),
  /** Exact version of the server that wrote the data. */
  version: z.string(),
  how: SnapshotWaySchema,
  /** `safety`: the state that a restore replaced; restoring it is the undo. */
  kind: z.enum(['manual', 'safety']),
  createdAt: TimestampSchema,
  sizeBytes: z.number().nonnegative(),
  files: z.number().nonnegative(),
  /** False when a part of it is missing; then it can only be removed. */
  complete: z.boolean(),
  /** The service that it can be restored into now; null when none runs this series. */
  engine: z.string().nullable(),
});
export type Snapshot = z.infer<typeof SnapshotSchema>;

export const SnapshotEngineSchema = z.object({
  id: z.string(),
  name: z.string(),
  series: z.string(),
  running: z.boolean(),
  /** Why it can be kept as a copy alone, for people; empty when a dump can be written too. */
  dumpProblem: z.string(),
  /** Of its data folder. */
  sizeBytes: z.number().nonnegative(),
});
export type SnapshotEngine = z.infer<typeof SnapshotEngineSchema>;

const errors = ['NOT_FOUND', 'DATABASE_FAILED', 'UNAVAILABLE', 'DISK_FULL'] as const;
const NameSchema = z.string().trim().min(1, 'give it a name').max(80);

export const snapshotOperations = [
  defineOperation({
    name: 'databases.snapshots',
    summary: 'List the snapshots, newest first, and what one can be taken of.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.object({
      engines: z.array(SnapshotEngineSchema),
      snapshots: z.array(SnapshotSchema),
      /** Of the disk that they are on. */
      freeBytes: z.number().nonnegative(),
    }),
    errors: [],
    cli: { command: ['db', 'snapshots'] },
  }),
  defineOperation({
    name: 'databases.snapshot',
    summary:
      'Take a snapshot of a whole server: by dump while it runs, else by copy of its data folder; "--how copy" stops a running one for that time.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({
      engine: IdSchema,
      name: NameSchema,
      note: z.string().max(2000).default(''),
      how: SnapshotWaySchema.optional(),
    }),
    output: ChangeSchema,
    example: { engine: 'postgres', name: 'before the migration' },
    errors: [...errors, 'VALIDATION_FAILED', 'RUNTIME_UNSUPPORTED'],
    cli: {
      command: ['db', 'snapshot'],
      positional: ['engine', 'name'],
      completes: { engine: 'services' },
      examples: ['db snapshot postgres before-migration', 'db snapshot mariadb clean --how copy'],
    },
  }),
  defineOperation({
    name: 'databases.restore',
    summary:
      'Bring a snapshot back: it replaces all databases of the server; the present state becomes a snapshot first, and comes back by itself when the server does not start.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    destructive: true,
    input: z.strictObject({ id: IdSchema }),
    output: ChangeSchema,
    example: { id: 'postgres-20261121-090630-1a2b' },
    errors: [...errors, 'VALIDATION_FAILED'],
    cli: { command: ['db', 'restore'], positional: ['id'], completes: { id: 'snapshots' } },
  }),
  defineOperation({
    name: 'databases.removeSnapshot',
    summary: 'Delete a snapshot.',
    kind: 'command',
    access: 'operate',
    destructive: true,
    input: z.strictObject({ id: IdSchema }),
    output: OkSchema,
    example: { id: 'postgres-20261121-090630-1a2b' },
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    cli: { command: ['db', 'remove-snapshot'], positional: ['id'], completes: { id: 'snapshots' } },
  }),
] as const;
