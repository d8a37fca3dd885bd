/** First run: what a newcomer may choose, what is on this machine already, and how far the choice is put into effect. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { OkSchema, PortSchema } from './common.ts';
import { ImportToolSchema } from './importers.ts';

/** The steps in their order. The last one shows links. */
export const FIRST_RUN_STEPS = ['place', 'stack', 'ports', 'names', 'import', 'install', 'done'] as const;
export type FirstRunStep = (typeof FIRST_RUN_STEPS)[number];

/** Services that a person may want or not; the edge is always there. */
export const CHOOSABLE_SERVICES = ['php', 'postgres', 'mariadb', 'redis'] as const;
export type ChoosableService = (typeof CHOOSABLE_SERVICES)[number];

const SeriesSchema = z.string().regex(/^\d{1,3}(\.\d{1,3})?$/, 'not a series such as 8.4 or 22');
const PortKeySchema = z.string().regex(/^[a-z0-9-]{1,32}\.[a-z0-9-]{1,32}$/, 'not a port such as postgres.db');

export const FirstRunAnswersSchema = z.object({
  /** Where new projects go; empty: below Kojibox's own folder. */
  projectsFolder: z.string().max(4096),
  services: z.array(z.enum(CHOOSABLE_SERVICES)),
  /** Node is fetched now, not with the first Node project. */
  node: z.boolean(),
  phpVersion: SeriesSchema.nullable(),
  nodeVersion: SeriesSchema.nullable(),
  /** By `service.port`, where another one than the proposed is wanted. */
  ports: z.record(PortKeySchema, PortSchema),
  /** Runtimes that are here and that nothing uses any more are removed; data folders stay. */
  removeUnused: z.boolean(),
  /** Names go into the hosts file. */
  hosts: z.boolean(),
  /** The system's resolver asks Kojibox for local names, so that those below a site work too. */
  resolver: z.boolean(),
  /** The local authority goes into the trust stores. */
  trust: z.boolean(),
  imports: z.array(
    z.object({
      tool: ImportToolSchema.optional(),
      path: z.string().max(4096).optional(),
      keys: z.array(z.string().max(600)).max(1000),
    }),
  ),
});
export type FirstRunAnswers = z.infer<typeof FirstRunAnswersSchema>;

/**
 * `new`: a fresh home, nobody answered yet. `open`: some steps are answered. `applying`: it was begun, and goes on with `firstRun.apply`
 * when no change runs. `done`, `skipped`: it does not show itself any more.
 */
export const FirstRunStateSchema = z.enum(['new', 'open', 'applying', 'done', 'skipped']);

const PlaceSchema = z.object({
  folder: z.string(),
  freeBytes: z.number(),
});

const DownloadSchema = z.object({
  name: z.string(),
  series: z.string(),
  /** Bytes to fetch; 0 where the archive tells it only when it is asked. */
  size: z.number(),
  installed: z.boolean(),
});

export const FirstRunStatusSchema = z.object({
  state: FirstRunStateSchema,
  step: z.enum(FIRST_RUN_STEPS),
  answers: FirstRunAnswersSchema,
  data: PlaceSchema.extend({
    /** Who decided it: KOJIBOX_HOME, or the system's place for application data. */
    decidedBy: z.enum(['environment', 'default']),
    /** The folder in which it really is; another one than `folder`, which then leads there, when it was moved. */
    place: z.string(),
    /** How to have it elsewhere. */
    howToMove: z.string(),
  }),
  projects: PlaceSchema,
  presets: z.array(
    z.object({
      id: z.string(),
      services: z.array(z.enum(CHOOSABLE_SERVICES)),
      node: z.boolean(),
    }),
  ),
  /** Everything that can be chosen, with what it costs; the standard version of each first. */
  downloads: z.array(DownloadSchema),
  /** Bytes that the present answers have yet to fetch. */
  missingBytes: z.number(),
  /** Can the hosts file be written without more rights? */
  hostsWritable: z.boolean(),
  /** Does this system have a resolver that can be told? */
  resolverOffered: z.boolean(),
  /** How the daemon would ask for administrator rights (`pkexec`, `sudo-without-asking`, …); null: only a terminal can. */
  rightsBy: z.string().nullable(),
  /** The change that puts it into effect now, or null. */
  changeId: z.string().nullable(),
});
export type FirstRunStatus = z.infer<typeof FirstRunStatusSchema>;

export const PortCheckSchema = z.object({
  /** `service.port`. */
  key: z.string(),
  name: z.string(),
  /** The one it usually has. */
  port: z.int(),
  /** `forbidden`: no program has it, and this user may not bind it. */
  state: z.enum(['free', 'ours', 'taken', 'forbidden']),
  /** The program that holds it, or why it cannot be used. */
  holder: z.string().nullable(),
  /** The port that Kojibox would use as it is now. */
  proposed: z.int().nullable(),
  /** May another one be chosen here? */
  choosable: z.boolean(),
});
export type PortCheck = z.infer<typeof PortCheckSchema>;

export const FoundProgramSchema = z.object({
  /** `mariadb`, `mysql`, `postgres`, `redis`, `php`, `node`, `apache`, `nginx`. */
  name: z.string(),
  version: z.string().nullable(),
  /** Where it was found along PATH; null when only its port tells of it. */
  path: z.string().nullable(),
  /** The port it listens on, and who that is. */
  port: z.int().nullable(),
  holder: z.string().nullable(),
  /** `beside`: Kojibox takes another port. `take-over`: so too, and its databases can be copied: see `serverImport`. `same-version`: Kojibox has this version too and can make it the standard. */
  offer: z.enum(['beside', 'take-over', 'same-version', 'none']),
  /** What happens, in one sentence. */
  advice: z.string(),
  /** The series for `same-version`. */
  series: z.string().nullable(),
});
export type FoundProgram = z.infer<typeof FoundProgramSchema>;

export const firstRunOperations = [
  defineOperation({
    name: 'firstRun.status',
    summary: 'Show the first run: what was answered, what can be chosen, what it would fetch.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: FirstRunStatusSchema,
    errors: ['MANIFEST_INVALID'],
    cli: { command: ['setup', 'status'] },
  }),
  defineOperation({
    name: 'firstRun.ports',
    summary: 'Look now which of the usual ports are free, who holds the others, and what Kojibox would use instead.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(PortCheckSchema),
    errors: [],
    cli: { command: ['setup', 'ports'] },
  }),
  defineOperation({
    name: 'firstRun.programs',
    summary: 'Look for databases, web servers, PHP and Node that are on this machine already.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(FoundProgramSchema),
    errors: [],
    cli: { command: ['setup', 'programs'] },
  }),
  defineOperation({
    name: 'firstRun.answer',
    summary: 'Keep answers of the first run; nothing is installed or changed yet.',
    kind: 'command',
    access: 'operate',
    reaches: {
      what: ['files'],
      // `firstRun.apply` uses them later.
      when: ({ answers }) => (answers.projectsFolder ?? '') !== '' || (answers.imports ?? []).length > 0,
    },
    input: z.strictObject({
      step: z.enum(FIRST_RUN_STEPS).optional(),
      answers: FirstRunAnswersSchema.partial().strict().default({}),
    }),
    output: FirstRunStatusSchema,
    errors: ['VALIDATION_FAILED', 'RUNTIME_UNSUPPORTED', 'PORT_CONFLICT', 'CONFIG_CORRUPT', 'MANIFEST_INVALID'],
    example: { step: 'stack', answers: { services: ['php', 'mariadb'], node: false } },
  }),
  defineOperation({
    name: 'firstRun.apply',
    summary: 'Put the answers into effect: services, versions, ports, names, trust, import; then start everything.',
    kind: 'command',
    access: 'admin',
    returnsChange: true,
    input: z.strictObject({
      /** Who asks for administrator rights: the daemon, once for all that need them, or a client afterwards (`privileged.begin`). */
      rights: z.enum(['daemon', 'client']).default('daemon'),
    }),
    output: ChangeSchema,
    errors: ['CONFIG_CORRUPT'],
    example: { rights: 'daemon' },
    cli: { command: ['setup', 'apply'] },
  }),
  defineOperation({
    name: 'firstRun.skip',
    summary: 'Leave the first run: it does not show itself any more, and everything stays as it is.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({
      /** Only when nobody answered anything yet. */
      untouched: z.boolean().default(false),
    }),
    output: OkSchema,
    errors: ['CONFIG_CORRUPT'],
    cli: { command: ['setup', 'skip'] },
  }),
] as const;

export const firstRunEvents = [
  defineEvent({
    name: 'firstRun:changed',
    summary: 'An answer of the first run was given, or it was begun, skipped or finished.',
    data: z.object({ state: FirstRunStateSchema, step: z.enum(FIRST_RUN_STEPS) }),
  }),
] as const;
