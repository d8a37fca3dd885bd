/** What was installed, with the digests of its bytes: `runtime/lock.json`. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { InstalledRuntimeSchema, type InstalledRuntime } from '../../contract/runtimes.ts';
import type { Artifact } from './source.ts';

export const LockSchema = z.array(InstalledRuntimeSchema);
export type Lock = InstalledRuntime[];

/** One digest for all artifacts, independent of their order. */
export function digestOf(artifacts: readonly Artifact[]): string {
  const lines = artifacts.map(({ name, version, digest }) => `${name} ${version} ${digest}\n`).sort();
  return `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`;
}

export const isEntryOf =
  (name: string, wanted: string) =>
  (entry: InstalledRuntime): boolean =>
    entry.name === name && (entry.version === wanted || entry.series === wanted);
