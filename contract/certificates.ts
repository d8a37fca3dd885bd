/** The local certificate authority and its leaves. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { HostNameSchema, OkSchema, TimestampSchema } from './common.ts';

export const CertMetaSchema = z.object({
  name: z.string(),
  /** Relative to KOJIBOX_HOME. */
  path: z.string(),
  expiresAt: TimestampSchema,
});
export type CertMeta = z.infer<typeof CertMetaSchema>;

export const TrustStoreStatusSchema = z.object({
  store: z.enum(['system', 'nss']),
  /** What the store serves, e.g. "curl, PHP, Git" or "Chromium, Firefox". */
  label: z.string(),
  present: z.boolean(),
  trusted: z.boolean(),
  reason: z.string(),
  /** Exact command for a person to run when Kojibox cannot do it. */
  command: z.string().nullable(),
});
export type TrustStoreStatus = z.infer<typeof TrustStoreStatusSchema>;

export const certificateOperations = [
  defineOperation({
    name: 'certs.generate',
    summary: 'Make a certificate for a domain.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ domain: HostNameSchema }),
    output: CertMetaSchema,
    errors: ['CERTIFICATE_FAILED'],
    example: { domain: 'shop.test' },
    cli: { command: ['certs', 'generate'], positional: ['domain'], completes: { domain: 'domains' } },
  }),
  defineOperation({
    name: 'certs.trust',
    summary: 'Trust the local authority that signs this domain, in every store that can be changed.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({ domain: HostNameSchema }),
    output: OkSchema,
    errors: ['PERMISSION_DENIED', 'CERTIFICATE_FAILED', 'CANCELLED'],
    example: { domain: 'hello.test' },
    cli: { command: ['certs', 'trust'], positional: ['domain'], completes: { domain: 'domains' } },
  }),
  defineOperation({
    name: 'certs.untrust',
    summary: 'Take the local authority out of every store again.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({}),
    output: OkSchema,
    errors: ['PERMISSION_DENIED', 'CERTIFICATE_FAILED', 'CANCELLED'],
    cli: { command: ['certs', 'untrust'] },
  }),
  defineOperation({
    name: 'certs.renew',
    summary:
      'Replace the local authority by a new one: the old one leaves every trust store, the sites get new certificates, and the new one is trusted where that is possible.',
    kind: 'command',
    access: 'admin',
    input: z.strictObject({}),
    output: OkSchema,
    errors: ['PERMISSION_DENIED', 'CERTIFICATE_FAILED', 'CANCELLED'],
    cli: { command: ['certs', 'renew'] },
  }),
  defineOperation({
    name: 'certs.list',
    summary: 'List certificates with their expiry.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(CertMetaSchema),
    errors: [],
    cli: { command: ['certs', 'list'] },
  }),
  defineOperation({
    name: 'certs.stores',
    summary: 'Show which trust stores hold the local authority.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(TrustStoreStatusSchema),
    errors: [],
    cli: { command: ['certs', 'stores'] },
  }),
] as const;
