/** Checks of this machine: each says what it looked at, what it saw, and what to do. */
import { z } from 'zod';
import { defineOperation } from './define.ts';

export const DOCTOR_CHECKS = [
  'zoneinfo',
  'glibc',
  'manifest',
  'installed',
  'space',
  'home',
  'sockets',
  'user',
  'low-ports',
  'hosts-file',
  'resolver',
  'localhost-names',
  'secrets-key',
  'authority',
  'trust',
  'config',
] as const;
export type CheckId = (typeof DOCTOR_CHECKS)[number];

export const DoctorCheckSchema = z.object({
  id: z.enum(DOCTOR_CHECKS),
  category: z.enum(['system', 'runtimes', 'network', 'names', 'certificates', 'storage']),
  description: z.string(),
  status: z.enum(['passed', 'warning', 'failed', 'skipped']),
  evidence: z.string(),
  /** What to do when it did not pass. */
  remedy: z.string().nullable(),
  /** An operation that does it, where Kojibox can. */
  fix: z.object({ method: z.string(), params: z.record(z.string(), z.string()) }).nullable(),
});
export type DoctorCheck = z.infer<typeof DoctorCheckSchema>;

export const doctorOperations = [
  defineOperation({
    name: 'doctor.run',
    summary: 'Check this machine and the installation.',
    kind: 'query',
    access: 'read',
    input: z.strictObject({}),
    output: z.array(DoctorCheckSchema),
    errors: [],
  }),
] as const;
