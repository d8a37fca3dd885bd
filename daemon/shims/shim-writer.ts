/** Keeps the folder of shims as it should be: written when something changed, one time after another. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { planShims, PRIVATE, type ShimPlan } from '../../core/shims/shims.ts';
import type { FileOwner, FileSystem } from '../../core/system/files.ts';
import type { Logger } from '../../core/system/logger.ts';

export interface ShimWriter {
  /** Soon after; several calls at once are one. Never rejects: what went wrong is in the log. */
  refresh(): Promise<void>;
}

export function createShimWriter(options: {
  readonly files: FileSystem;
  readonly log: Logger;
  /** The user of the shims where the daemon is root: the group may read the private ones, and root alone writes what root may run. */
  readonly owner: FileOwner | null;
  plan(): Promise<ShimPlan>;
}): ShimWriter {
  const { files, log } = options;
  let queue: Promise<void> = Promise.resolve();
  let isWaiting = false;

  const write = async (): Promise<void> => {
    isWaiting = false;
    const plan = await options.plan();
    const wanted = new Map((await planShims(plan)).map((file) => [file.path, file]));
    await files.makeDirectory(plan.folder, { mode: 0o755 });
    for (const path of await filesBelow(plan.folder))
      if (!wanted.has(path)) await rm(join(plan.folder, path), { force: true });
    for (const { path, content, mode } of wanted.values()) {
      const target = join(plan.folder, path);
      if ((await readFile(target, 'utf8').catch(() => null)) !== content)
        await files.writeAtomic(target, content, {
          mode,
          ...(options.owner !== null && mode === PRIVATE
            ? { mode: 0o640, owner: { uid: 0, gid: options.owner.gid } }
            : {}),
        });
    }
  };

  return {
    refresh() {
      if (isWaiting) return queue;
      isWaiting = true;
      queue = queue.then(write).catch((error: unknown) => log.warn('cannot write the shims', { error: String(error) }));
      return queue;
    },
  };
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
