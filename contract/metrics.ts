/** Resource use of the machine and of each service: now, and over the last hour and day. */
import { z } from 'zod';
import { IdSchema, PortSchema, TimestampSchema } from './common.ts';
import { defineOperation } from './define.ts';
import { ServiceMetricsSchema } from './services.ts';

const ServiceUseSchema = ServiceMetricsSchema.omit({ ts: true }).extend({ restarts: z.int().nonnegative() });

/** The given fields come first; what follows them is added. */
export const MetricsSnapshotSchema = z.object({
  ts: TimestampSchema,
  /** Of the daemon. */
  uptimeSec: z.number().nonnegative(),
  /** TCP ports on which the running services and the edge listen at this moment, sorted. */
  portsInUse: z.array(PortSchema),
  /** Of the host, over the last sample: 100 is all cores fully used. */
  cpuPercent: z.number().min(0).max(100),
  /** Of the host: memory that is not available to a new program; MiB. */
  memMB: z.number().nonnegative(),

  /** Every service; zero for one without a process. Here 100 % is one core. */
  services: z.array(ServiceUseSchema),
});
export type MetricsSnapshot = z.infer<typeof MetricsSnapshotSchema>;

/** `fine`: every 5 seconds, kept for an hour. `coarse`: means of 5 minutes, kept for a day. */
export const ResolutionSchema = z.enum(['fine', 'coarse']);
export type Resolution = z.infer<typeof ResolutionSchema>;

export const MetricsPointSchema = z.object({
  /** When the sample was taken; of a mean, when its 5 minutes began. */
  ts: TimestampSchema,
  cpuPercent: z.number().nonnegative(),
  memMB: z.number().nonnegative(),
  /** So far; the highest within a mean. Of the host: of all services together. */
  restarts: z.int().nonnegative(),
});
export type MetricsPoint = z.infer<typeof MetricsPointSchema>;

export const MetricsHistorySchema = z.object({
  resolution: ResolutionSchema,
  /** Oldest first; empty when one service was asked for. */
  host: z.array(MetricsPointSchema),
  /** Times without a process have no point. */
  services: z.array(z.object({ id: z.string(), points: z.array(MetricsPointSchema) })),
});
export type MetricsHistory = z.infer<typeof MetricsHistorySchema>;

export const metricsOperations = [
  defineOperation({
    name: 'metrics.snapshot',
    summary: 'Show resource use and the ports in use.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: MetricsSnapshotSchema,
    errors: [],
    cli: { command: ['metrics'], examples: ['metrics --json'] },
  }),
  defineOperation({
    name: 'metrics.history',
    summary: 'Show resource use of the last hour, or day.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({
      service: IdSchema.optional(),
      /** Default: as far back as the resolution goes. */
      from: TimestampSchema.optional(),
      /** Default: now. */
      to: TimestampSchema.optional(),
      /** Default: `coarse` when `from` lies more than an hour back, else `fine`. */
      resolution: ResolutionSchema.optional(),
    }),
    output: MetricsHistorySchema,
    errors: ['NOT_FOUND'],
    cli: {
      command: ['metrics', 'history'],
      positional: ['service'],
      examples: ['metrics history', 'metrics history postgres --resolution coarse'],
    },
  }),
] as const;
