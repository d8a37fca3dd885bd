/**
 * What a project leaves behind: logs, sessions, certificates. A removal can be undone while the daemon runs, so all of it stays until the
 * next start, and goes then if nothing uses the project or the name again.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { HostNameSchema, IdSchema } from '../../contract/common.ts';
import type { Layout } from '../layout.ts';
import type { System } from '../system/system.ts';
import type { Store } from './store.ts';

/** A name that is served no more; with the project, when that was removed. */
const LeftoverSchema = z.object({ projectId: IdSchema.nullable(), domain: HostNameSchema });
export type Leftover = z.infer<typeof LeftoverSchema>;
export const LeftoversSchema = z.array(LeftoverSchema);

export interface Leftovers {
  /** Before the removal: one that is taken back, or fails, is found to be in use at the next start. */
  note(left: readonly Leftover[]): Promise<void>;
  /**
   * Removes what nothing uses. For the start. Never rejects; what cannot be removed is tried again at the next one.
   *
   * @param removeLogs takes out the logs of a project
   */
  sweep(removeLogs: (projectId: string) => Promise<void>): Promise<void>;
}

export function createLeftovers(options: {
  readonly store: Store<Leftover[]>;
  readonly system: Pick<System, 'files' | 'log'>;
  readonly layout: Pick<Layout, 'sessions' | 'certificates' | 'temp'>;
  isProject(id: string): boolean;
  /** Whether a project, a mapping, a rule or Kojibox itself serves this name. */
  isServed(domain: string): boolean;
}): Leftovers {
  const { store, layout } = options;
  const { files, log } = options.system;

  const removeDomain = async (domain: string): Promise<void> => {
    const ofDomain = (name: string): boolean =>
      name === domain || (name.startsWith(`${domain}-u`) && /^\d+$/.test(name.slice(domain.length + 2)));
    for (const name of (await files.list(layout.sessions)).filter(ofDomain))
      await files.remove(join(layout.sessions, name));
    for (const ending of ['key', 'pem']) await files.remove(join(layout.certificates, `${domain}.${ending}`));
  };

  return {
    async note(left) {
      if (left.length > 0) await store.update((all) => [...all, ...left]);
    },
    async sweep(removeLogs) {
      if (store.get().length === 0) return;
      const gone = new Set<Leftover>();
      for (const left of store.get()) {
        const { projectId, domain } = left;
        try {
          if (!options.isServed(domain)) await removeDomain(domain);
          gone.add(left);
          if (projectId === null || options.isProject(projectId)) continue;
          await removeLogs(projectId);
          await files.remove(join(layout.temp, `app-${projectId}`));
        } catch (error) {
          log.error('cannot remove what a project left', { ...left, error: String(error) });
          gone.delete(left);
        }
      }
      await store
        .update((all) => all.filter((left) => !gone.has(left)))
        .catch((error: unknown) => log.error('cannot note what projects left', { error: String(error) }));
    },
  };
}
