/** The daemon itself: how it is found, what it says of itself, how it ends. */
import { z } from 'zod';
import { ACCESS_LEVELS, defineEvent, defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { OkSchema, TimestampSchema } from './common.ts';
import { ServiceStateSchema } from './services.ts';
import { RecordProblemSchema } from './problems.ts';
import { SiteSchema } from './stack.ts';

/** Content of `app/daemon.json`, mode 0600: how clients find and enter the daemon. */
export const DaemonFileSchema = z.object({
  pid: z.int(),
  startedAt: TimestampSchema,
  version: z.string(),
  /** Path of the local socket. */
  socket: z.string(),
  /** `http://127.0.0.1:PORT` */
  url: z.string(),
  token: z.string(),
});
export type DaemonFile = z.infer<typeof DaemonFileSchema>;

export const DaemonInfoSchema = z.object({
  pid: z.int(),
  version: z.string(),
  startedAt: TimestampSchema,
  uptimeSec: z.number(),
  home: z.string(),
  /** MiB resident. */
  memMB: z.number(),
  node: z.string(),
  os: z.string(),
  arch: z.string(),
});
export type DaemonInfo = z.infer<typeof DaemonInfoSchema>;

/** First message after subscribing: everything a client shows, so that nothing needs polling. */
export const SnapshotSchema = z.object({
  daemon: DaemonInfoSchema,
  services: z.array(ServiceStateSchema),
  changes: z.array(ChangeSchema),
  sites: z.array(SiteSchema),
  notices: z.array(z.string()),
  /** Records of the settings that cannot be applied. */
  problems: z.array(RecordProblemSchema).optional(),
});
export type Snapshot = z.infer<typeof SnapshotSchema>;

/** What a client may send over `/events`: which logs to follow, and whether to send resource use. Replaces the former wish. */
export const SubscriptionSchema = z.strictObject({
  logs: z.array(z.string()).max(500).default([]),
  metrics: z.boolean().default(false),
});
export type Subscription = z.infer<typeof SubscriptionSchema>;

/** The one message that a client sends over `/events`; before it nothing comes. Sent again it replaces the subscription. */
export const ClientMessageSchema = z.strictObject({
  subscribe: SubscriptionSchema,
  /** True: send the snapshot once more, e.g. after a gap in `seq`. The first subscription gets it by itself. */
  snapshot: z.boolean().optional(),
});

/** How often a subscriber hears `daemon:heartbeat`, ms. */
export const HEARTBEAT_MS = 2000;

export const daemonOperations = [
  defineOperation({
    name: 'daemon.info',
    summary: 'Show the daemon: pid, version, memory.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: DaemonInfoSchema,
    errors: [],
    cli: { command: ['info'] },
  }),
  defineOperation({
    name: 'daemon.quit',
    summary: 'End the daemon; stops all services first unless told otherwise.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({
      keepServices: z.boolean().default(false),
      /** Another daemon follows at once: app/daemon.json stays, so that clients wait for it instead of giving up. */
      restarting: z.boolean().default(false),
    }),
    output: OkSchema,
    errors: [],
    example: { keepServices: true },
  }),
  defineOperation({
    name: 'daemon.link',
    summary: 'Make a link that opens the interface; it holds a ticket, never the key of the daemon.',
    kind: 'query',
    access: 'admin',
    input: z.strictObject({
      /** What the page may do. */
      allow: z.enum(ACCESS_LEVELS).default('admin'),
      /** `once`: for a program that opens it now, good for two minutes. `often`: for a person, good for twelve hours. */
      uses: z.enum(['once', 'often']).default('once'),
    }),
    output: z.object({ url: z.string(), expiresAt: TimestampSchema }),
    errors: [],
    holdsSecret: true,
    example: { allow: 'read', uses: 'often' },
  }),
] as const;

export const daemonEvents = [
  defineEvent({
    name: 'snapshot',
    summary: 'Everything at once; the first message of a subscription.',
    data: SnapshotSchema,
  }),
  defineEvent({
    name: 'daemon:heartbeat',
    summary: 'The daemon lives; sent every two seconds, so that a client notices one that hangs.',
    data: z.object({ at: TimestampSchema }),
  }),
] as const;
