/** Sharing a site with the same network: a phone opens it by an address or a QR code. Off until somebody asks, and it ends by itself. */
import { z } from 'zod';
import { IdSchema, OkSchema, PortSchema, TimestampSchema } from './common.ts';
import { defineOperation } from './define.ts';

/** Private networks: RFC 1918 and RFC 4193. */
export const PRIVATE_NETWORKS = [
  { network: '10.0.0.0', prefix: 8, family: 'ipv4' },
  { network: '172.16.0.0', prefix: 12, family: 'ipv4' },
  { network: '192.168.0.0', prefix: 16, family: 'ipv4' },
  { network: 'fc00::', prefix: 7, family: 'ipv6' },
] as const;

export const ShareSchema = z.object({
  projectId: IdSchema,
  /** `http://192.168.1.20:8090/`: what another machine opens. */
  url: z.string(),
  address: z.string(),
  port: PortSchema,
  expiresAt: TimestampSchema,
});
export type Share = z.infer<typeof ShareSchema>;

export const sharingOperations = [
  defineOperation({
    name: 'projects.share',
    summary:
      'Let other machines of the same network open a site, over plain HTTP and for a limited time; asking again starts the time over.',
    kind: 'command',
    // Whoever is in the network can open the site from then on.
    access: 'admin',
    input: z.strictObject({
      id: IdSchema,
      hours: z.number().min(0.01).max(168).default(8),
      /** One of this machine's own; default: the first private one. */
      address: z.union([z.ipv4(), z.ipv6()]).optional(),
    }),
    output: ShareSchema,
    errors: ['NOT_FOUND', 'UNAVAILABLE', 'PORT_CONFLICT', 'CONFIG_CORRUPT', 'CERTIFICATE_FAILED'],
    example: { id: 'shop', hours: 2 },
  }),
  defineOperation({
    name: 'projects.unshare',
    summary: 'End the sharing of a site; open connections are closed.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({ id: IdSchema }),
    output: OkSchema,
    errors: ['NOT_FOUND', 'CONFIG_CORRUPT', 'CERTIFICATE_FAILED', 'PORT_CONFLICT'],
    example: { id: 'shop' },
    cli: { command: ['project', 'unshare'], positional: ['id'], completes: { id: 'projects' } },
  }),
  defineOperation({
    name: 'projects.shares',
    summary: 'List the sites that are shared with the same network.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(ShareSchema),
    errors: [],
    cli: { command: ['project', 'shares'] },
  }),
] as const;
