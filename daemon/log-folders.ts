/** The folders with logs: one for services, and one for each kind of log that the edge writes for projects. */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HostFacts } from '../core/system/system.ts';
import type { Logger } from '../core/system/logger.ts';
import { logIdsOf, PROJECT_LOG_KINDS } from './log-sources.ts';
import { filesOfLog } from './system/log-archives.ts';
import { startLogKeeping, type LogKeeping } from './system/log-keeping.ts';

/** Makes the folders for the logs of projects. The edge writes into them, as a user of its own when the daemon is root. @returns their paths */
export function ensureProjectLogs(folder: string, host: Pick<HostFacts, 'isRoot' | 'edgeUser'>): string[] {
  return PROJECT_LOG_KINDS.map((kind) => {
    const path = join(folder, kind);
    mkdirSync(path, { recursive: true, mode: 0o750 });
    // The folder above is root's alone, so no other user can put a link in the place of this one.
    if (host.isRoot) {
      chownSync(path, 0, host.edgeUser.gid);
      // The edge may add files, and not take the place of those that root makes there (sticky, inode(7)).
      chmodSync(path, 0o1770);
    }
    return path;
  });
}

/** Takes out the logs of a project with their archives: what the edge wrote for it, and what its program said. For one that runs no more. */
export async function removeProjectLogs(folder: string, project: string): Promise<void> {
  const ids = logIdsOf({ project }, { projects: [project], services: [`app-${project}`] });
  for (const id of ids) for (const file of filesOfLog(join(folder, `${id}.log`))) await rm(file, { force: true });
}

/** Looks after the logs of several folders. */
export function keepLogs(folders: readonly string[], log: Logger): LogKeeping {
  const keepers = new Map(folders.map((folder) => [folder, startLogKeeping(folder, log)]));
  const keeperOf = (file: string): LogKeeping | undefined => keepers.get(dirname(file));
  return {
    look: (file) => keeperOf(file)?.look(file),
    prepare: (file) => keeperOf(file)?.prepare(file) ?? Promise.resolve(),
    async rotateDue() {
      for (const keeper of keepers.values()) await keeper.rotateDue();
    },
    stop() {
      for (const keeper of keepers.values()) keeper.stop();
    },
  };
}
