/** The whole stack at once. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { ChangeSchema } from './changes.ts';
import { TimestampSchema } from './common.ts';
import { ProblemSchema, RecordProblemSchema } from './problems.ts';
import { ServiceStateSchema } from './services.ts';

export const SiteSchema = z.object({
  projectId: z.string(),
  name: z.string(),
  domain: z.string(),
  /** The link that works on this machine now. */
  url: z.string(),
  /** Why the site is not served; left out when it is. */
  problem: ProblemSchema.optional(),
  /** Services that its code runs in. */
  services: z.array(z.string()).optional(),
  /** End of its certificate; left out where there is none yet. */
  certificateUntil: TimestampSchema.optional(),
});
export type Site = z.infer<typeof SiteSchema>;

export const StackStatusSchema = z.object({
  /** What should run answers, and every site can be opened but those whose program was stopped by hand. */
  ready: z.boolean(),
  services: z.array(ServiceStateSchema),
  sites: z.array(SiteSchema),
  /** Of the interface, without a key: `daemon.link` gives one that lets somebody in. */
  uiUrl: z.string(),
  /** Things the user should know: a restored config file, a port that had to move, … */
  notices: z.array(z.string()),
  /** Records of the settings that cannot be applied. */
  problems: z.array(RecordProblemSchema).optional(),
});
export type StackStatus = z.infer<typeof StackStatusSchema>;

export const stackOperations = [
  defineOperation({
    name: 'stack.status',
    summary: 'Show services, sites and the link of the UI.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: StackStatusSchema,
    errors: [],
  }),
  defineOperation({
    name: 'stack.up',
    summary: 'Install what is missing, start everything, serve the projects.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({}),
    output: ChangeSchema,
    errors: ['ZONEINFO_MISSING'],
  }),
  defineOperation({
    name: 'stack.down',
    summary: 'Stop everything in the reverse order of its dependencies.',
    kind: 'command',
    access: 'operate',
    returnsChange: true,
    input: z.strictObject({}),
    output: ChangeSchema,
    errors: [],
  }),
] as const;
