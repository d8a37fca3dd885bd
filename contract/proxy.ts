/** Rules of the edge beyond what projects give by themselves. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { HostNameSchema, OkSchema } from './common.ts';
import { APPLY_ERRORS } from './problems.ts';

export const ProxyRuleSchema = z.object({
  host: HostNameSchema,
  /** Path prefix, starting with "/". The longest match wins. */
  path: z.string().startsWith('/'),
  /** `http://127.0.0.1:3000`; only loopback hosts are taken. */
  target: z.url({ protocol: /^https?$/, hostname: /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/ }),
  tls: z.boolean(),
});
export type ProxyRule = z.infer<typeof ProxyRuleSchema>;

export const proxyOperations = [
  defineOperation({
    name: 'proxy.rules',
    summary: 'List proxy rules.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(ProxyRuleSchema),
    errors: [],
    cli: { command: ['proxy', 'rules'] },
  }),
  defineOperation({
    name: 'proxy.apply',
    summary: 'Replace the proxy rules; a rule wins over the project that has the same host and path.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['network'] },
    input: z.strictObject({ rules: z.array(ProxyRuleSchema.strict()).max(1000) }),
    output: OkSchema,
    errors: [...APPLY_ERRORS, 'DOMAIN_TAKEN'],
    destructive: true,
    example: { rules: [{ host: 'shop.test', path: '/api', target: 'http://127.0.0.1:3000', tls: false }] },
  }),
] as const;
