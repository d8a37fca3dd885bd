/** A bundle for a bug report: what is needed to understand a problem, without secrets and without names of people. */
import { z } from 'zod';
import { TimestampSchema } from './common.ts';
import { defineOperation } from './define.ts';

export const DiagnosticsBundleSchema = z.object({
  /** A zip file that only its owner may read. */
  path: z.string(),
  createdAt: TimestampSchema,
  /** Names of the entries, e.g. `logs/postgres.log`. */
  includes: z.array(z.string()),
});
export type DiagnosticsBundle = z.infer<typeof DiagnosticsBundleSchema>;

export const diagnosticsOperations = [
  defineOperation({
    name: 'diagnostics.create',
    summary:
      'Pack logs, settings and states into a zip for a bug report; secrets, names and home folders are taken out.',
    kind: 'command',
    access: 'operate',
    input: z.strictObject({}),
    output: DiagnosticsBundleSchema,
    errors: ['DISK_FULL'],
    cli: { command: ['diagnostics'], examples: ['diagnostics'] },
  }),
] as const;
