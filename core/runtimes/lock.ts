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

/**
 * @param wanted exact version or series; of a series, what was installed last is meant
 * @returns null when it is not there
 */
export function findInstalled(lock: Lock, name: string, wanted: string): InstalledRuntime | null {
  const ofName = lock.filter((entry) => entry.name === name);
  return (
    ofName.findLast(({ version }) => version === wanted) ?? ofName.findLast(({ series }) => series === wanted) ?? null
  );
}

/** Without the entry of exactly this name and version. */
export const withoutEntry = (lock: Lock, { name, version }: Pick<InstalledRuntime, 'name' | 'version'>): Lock =>
  lock.filter((entry) => !(entry.name === name && entry.version === version));
