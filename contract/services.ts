/** Services: anything supervised. The given fields come first; what follows them is added. */
import { z } from 'zod';
import { defineEvent, defineOperation } from './define.ts';
import { ErrorBodySchema } from './errors.ts';
import { EnvironmentSchema, IdSchema, PortDefSchema, TimestampSchema } from './common.ts';
import { privateValues } from './private-values.ts';
import { LogEntrySchema } from './logs.ts';

export const HealthCheckSchema = z.object({
  type: z.enum(['pid', 'port', 'http']),
  target: z.string(),
  timeoutMs: z.int().positive(),
  intervalMs: z.int().min(1000),
});
export type HealthCheck = z.infer<typeof HealthCheckSchema>;

export const RestartPolicySchema = z.object({
  maxRetries: z.int().nonnegative(),
  /** First wait; doubles with jitter up to a ceiling. */
  backoffMs: z.int().nonnegative(),
});
export type RestartPolicy = z.infer<typeof RestartPolicySchema>;

export const ServiceDefinitionSchema = z.object({
  id: IdSchema,
  name: z.string(),
  binary: z.string(),
  args: privateValues(z.array(z.string())),
  env: EnvironmentSchema,
  cwd: z.string(),
  ports: z.array(PortDefSchema),
  dependsOn: z.array(IdSchema),
  healthCheck: HealthCheckSchema,
  restartPolicy: RestartPolicySchema,
});
export type ServiceDefinition = z.infer<typeof ServiceDefinitionSchema>;

export const ServiceStatusSchema = z.enum(['stopped', 'starting', 'running', 'stopping', 'error']);
export type ServiceStatus = z.infer<typeof ServiceStatusSchema>;

export const HealthStatusSchema = z.enum(['unknown', 'starting', 'healthy', 'unhealthy']);
export type HealthStatus = z.infer<typeof HealthStatusSchema>;

/** Why we believe the state: what was asked, what was answered, and when. */
export const EvidenceSchema = z.object({
  /** e.g. "PostgreSQL answered". */
  text: z.string(),
  latencyMs: z.number().nonnegative(),
  at: TimestampSchema,
});
export type Evidence = z.infer<typeof EvidenceSchema>;

export const ServiceStateSchema = z.object({
  id: z.string(),
  state: ServiceStatusSchema,
  pid: z.int().nullable(),
  lastError: z.string().nullable(),
  lastUpdated: TimestampSchema,

  name: z.string(),
  /** Runtime it runs, e.g. `postgres`; null for a plain program. */
  runtime: z.string().nullable(),
  version: z.string().nullable(),
  desired: z.enum(['up', 'down']),
  health: HealthStatusSchema,
  evidence: EvidenceSchema.nullable(),
  /** Why it is in this state, e.g. "waiting for postgres", "restarting in 2 s (try 3 of 5)". */
  reason: z.string().nullable(),
  error: ErrorBodySchema.nullable(),
  ports: z.array(PortDefSchema),
  /** How to connect, e.g. "postgresql://kojibox@127.0.0.1:5432/postgres"; never with a password. */
  connect: z.string().nullable(),
  dependsOn: z.array(z.string()),
  restarts: z.int().nonnegative(),
  startedAt: TimestampSchema.nullable(),
  /** Milliseconds from launch to ready, of the last start. */
  readyMs: z.number().nullable(),
});
export type ServiceState = z.infer<typeof ServiceStateSchema>;

/** Resource use of one service's whole process group. */
export const ServiceMetricsSchema = z.object({
  id: z.string(),
  /** Of one core: 100 is one core fully used. */
  cpuPercent: z.number().nonnegative(),
  /** Proportional set size where the system tells it, else resident set size; MiB. */
  memMB: z.number().nonnegative(),
  ts: TimestampSchema,
});
export type ServiceMetrics = z.infer<typeof ServiceMetricsSchema>;

const ById = z.strictObject({ id: IdSchema });
/** What a start may end with. */
export const START_ERRORS = [
  'SECRETS_LOCKED',
  'NOT_FOUND',
  'RUNTIME_MISSING',
  'PORT_CONFLICT',
  'DEPENDENCY_CYCLE',
  'DEPENDENCY_FAILED',
  'INIT_FAILED',
  'START_FAILED',
  'START_TIMEOUT',
  'SERVICE_EXITED',
  'SERVICE_UNHEALTHY',
  'SOCKET_PATH_TOO_LONG',
  'ZONEINFO_MISSING',
  'PERMISSION_DENIED',
  'CANCELLED',
] as const;

export const serviceOperations = [
  defineOperation({
    name: 'services.list',
    summary: 'List services with state, health and ports.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(ServiceStateSchema),
    errors: [],
    cli: { command: ['services'], examples: ['services --json'] },
  }),
  defineOperation({
    name: 'services.start',
    summary: 'Start a service and what it depends on.',
    kind: 'command',
    access: 'operate',
    input: ById,
    output: ServiceStateSchema,
    errors: START_ERRORS,
    example: { id: 'postgres' },
    cli: { command: ['start'], positional: ['id'], completes: { id: 'services' }, examples: ['start postgres'] },
  }),
  defineOperation({
    name: 'services.stop',
    summary: 'Stop a service; those that depend on it are stopped first.',
    kind: 'command',
    access: 'operate',
    input: ById,
    output: ServiceStateSchema,
    errors: ['NOT_FOUND'],
    example: { id: 'redis' },
    cli: { command: ['stop'], positional: ['id'], completes: { id: 'services' }, examples: ['stop redis'] },
  }),
  defineOperation({
    name: 'services.restart',
    summary: 'Stop and start a service.',
    kind: 'command',
    access: 'operate',
    input: ById,
    output: ServiceStateSchema,
    errors: START_ERRORS,
    example: { id: 'php' },
    cli: { command: ['restart'], positional: ['id'], completes: { id: 'services' }, examples: ['restart php'] },
  }),
  defineOperation({
    name: 'services.logs',
    summary: 'Show the last lines of a service log.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ id: IdSchema, tail: z.int().min(1).max(100_000).default(100) }),
    output: z.array(LogEntrySchema),
    errors: ['NOT_FOUND'],
    example: { id: 'postgres', tail: 20 },
  }),
  defineOperation({
    name: 'services.health',
    summary: 'Show how the health of a service is checked.',
    kind: 'query',
    access: 'read',
    input: ById,
    output: HealthCheckSchema.extend({ status: HealthStatusSchema, evidence: EvidenceSchema.nullable() }),
    errors: ['NOT_FOUND'],
    example: { id: 'postgres' },
    cli: { command: ['health'], positional: ['id'], completes: { id: 'services' } },
  }),
] as const;

export const serviceEvents = [
  defineEvent({ name: 'service:stateChanged', summary: 'A service changed its state.', data: ServiceStateSchema }),
  defineEvent({
    name: 'service:health',
    summary: 'A probe changed the health of a service.',
    data: z.object({ id: z.string(), status: HealthStatusSchema }),
  }),
  defineEvent({
    name: 'service:metrics',
    summary: 'Resource use, sent only to clients that ask for it.',
    data: z.array(ServiceMetricsSchema),
  }),
] as const;
