/** Services that the user defines: any program of this machine, supervised like the rest. */
import { z } from 'zod';
import { IdSchema, OkSchema } from './common.ts';
import { defineOperation } from './define.ts';
import { HealthCheckSchema, RestartPolicySchema, ServiceDefinitionSchema, START_ERRORS } from './services.ts';

/** The given form; what is left out gets the default that fits most programs. */
export const OwnServiceSchema = ServiceDefinitionSchema.extend({
  name: z.string().min(1).max(100),
  /** Absolute path, or a name that is looked for in the installed Node and PHP and in the usual folders. */
  binary: z.string().min(1).max(4096),
  args: ServiceDefinitionSchema.shape.args.default([]),
  /** Values may hold `${secret:KEY}` and `${port:NAME}`; so may `args`. */
  env: ServiceDefinitionSchema.shape.env.default({}),
  /** Absolute. */
  cwd: z.string().startsWith('/', 'must be an absolute path').default('/'),
  /** Project whose environment it gets; left out: the project around `cwd`. */
  project: IdSchema.optional(),
  ports: ServiceDefinitionSchema.shape.ports.default([]),
  dependsOn: ServiceDefinitionSchema.shape.dependsOn.default([]),
  /**
   * `pid`: it runs. `port`: what listens at `target`, which is `host:port`, a port, or the name of one of `ports`. `http`: a GET of `target`
   * is answered below 500.
   */
  healthCheck: HealthCheckSchema.extend({
    target: z.string().max(2000).default(''),
    timeoutMs: HealthCheckSchema.shape.timeoutMs.max(60_000).default(3000),
    intervalMs: HealthCheckSchema.shape.intervalMs.default(10_000),
  })
    .strict()
    .default({ type: 'pid', target: '', timeoutMs: 3000, intervalMs: 10_000 }),
  restartPolicy: RestartPolicySchema.strict().default({ maxRetries: 5, backoffMs: 500 }),
});
export type OwnService = z.infer<typeof OwnServiceSchema>;

export const ownServiceOperations = [
  defineOperation({
    name: 'services.define',
    summary: 'Define a service of your own, or change it: any program, supervised and started with the stack.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['programs', 'files'] },
    input: OwnServiceSchema.extend({ name: OwnServiceSchema.shape.name.optional() }).strict(),
    output: OkSchema,
    errors: [
      'NOT_FOUND',
      'DEPENDENCY_CYCLE',
      'CONFIG_CORRUPT',
      ...START_ERRORS.filter((code) => !/^(NOT_FOUND|DEPENDENCY_CYCLE)$/.test(code)),
    ],
    example: {
      id: 'queue',
      binary: 'php',
      args: ['artisan', 'queue:work'],
      cwd: '/home/me/code/shop',
      dependsOn: ['redis'],
    },
    cli: {
      command: ['service', 'define'],
      positional: ['id', 'binary'],
      rest: 'args',
      completes: { id: 'services' },
      paths: ['cwd'],
      examples: [
        'service define queue --cwd /home/me/code/shop --depends-on redis -- php artisan queue:work --tries=1',
        'service define queue php --args artisan --args queue:work --args --tries=1 --cwd /home/me/code/shop',
      ],
    },
  }),
  defineOperation({
    name: 'services.definitions',
    summary: 'List the services that you defined.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(OwnServiceSchema),
    errors: [],
    cli: { command: ['service', 'definitions'] },
  }),
  defineOperation({
    name: 'services.undefine',
    summary: 'Stop a service that you defined, and forget it; its files are not touched.',
    kind: 'command',
    access: 'admin',
    destructive: true,
    input: z.strictObject({ id: IdSchema }),
    output: OkSchema,
    errors: ['NOT_FOUND', 'CONFIG_CORRUPT'],
    example: { id: 'queue' },
    cli: { command: ['service', 'undefine'], positional: ['id'], completes: { id: 'services' } },
  }),
] as const;
