/** Local names: which domain belongs to which project, and by which step of the ladder it resolves. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { HostNameSchema, IdSchema, OkSchema } from './common.ts';
import { APPLY_ERRORS } from './problems.ts';

export const DomainMappingSchema = z.object({
  domain: HostNameSchema,
  projectId: IdSchema,
  /** Port of an HTTP upstream on loopback; 0 where the edge serves the project itself (PHP, static files). */
  targetPort: z.int().min(0).max(65535),
});
export type DomainMapping = z.infer<typeof DomainMappingSchema>;

export const ResolveStepSchema = z.object({
  step: z.enum(['hosts-file', 'resolver', 'localhost-name', 'localhost-port']),
  /** True for the first step that works here: the one whose link is printed. */
  inUse: z.boolean(),
  works: z.boolean(),
  /** Why it works or not, in one sentence. */
  reason: z.string(),
  url: z.string(),
});
export type ResolveStep = z.infer<typeof ResolveStepSchema>;

export const domainOperations = [
  defineOperation({
    name: 'domains.list',
    summary: 'List domains.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(DomainMappingSchema),
    errors: [],
    cli: { command: ['domains', 'list'] },
  }),
  defineOperation({
    name: 'domains.upsert',
    summary: 'Point a domain at a project or a port on this machine.',
    kind: 'command',
    access: 'operate',
    reaches: { what: ['network'], when: ({ targetPort }) => targetPort !== 0 },
    input: DomainMappingSchema.strict(),
    output: OkSchema,
    errors: [...APPLY_ERRORS, 'DOMAIN_TAKEN', 'NOT_FOUND'],
    example: { domain: 'api.test', projectId: 'api', targetPort: 3000 },
    cli: {
      command: ['domains', 'set'],
      positional: ['domain', 'projectId', 'targetPort'],
      completes: { domain: 'domains', projectId: 'projects' },
      examples: ['domains set api.test api 3000'],
    },
  }),
  defineOperation({
    name: 'domains.remove',
    summary: 'Remove a domain.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ domain: HostNameSchema }),
    output: OkSchema,
    errors: [...APPLY_ERRORS, 'NOT_FOUND'],
    destructive: true,
    example: { domain: 'api.test' },
    cli: { command: ['domains', 'remove'], positional: ['domain'], completes: { domain: 'domains' } },
  }),
  defineOperation({
    name: 'domains.resolve',
    summary: 'Show by which step of the ladder a domain is reached, and why.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({ domain: HostNameSchema }),
    output: z.array(ResolveStepSchema),
    errors: ['NOT_FOUND'],
    example: { domain: 'hello.test' },
    cli: { command: ['domains', 'resolve'], positional: ['domain'], completes: { domain: 'domains' } },
  }),
  defineOperation({
    name: 'domains.applyHosts',
    summary: 'Write all domains into the hosts file (marked block, with an undo).',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({}),
    output: OkSchema,
    errors: ['PERMISSION_DENIED', 'CANCELLED'],
    cli: { command: ['domains', 'apply'] },
  }),
] as const;
