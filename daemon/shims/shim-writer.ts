/** Keeps the folder of shims as it should be: written when something changed, one time after another. */
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
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
  /**
   * Group that may read the files with passwords too; null: their owner alone. All of them stay with the user of this program, also as
   * root: a shell sources them, so a user who may write one runs programs as each user of the shims.
   */
  readonly readers: number | null;
  plan(): Promise<ShimPlan>;
}): ShimWriter {
  const { files, log } = options;
  let queue: Promise<void> = Promise.resolve();
  let isWaiting = false;

  const write = async (): Promise<void> => {
    isWaiting = false;
    const plan = await options.plan();
    const wanted = new Map((await planShims(plan)).map((file) => [file.path, file]));
    const self: FileOwner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const accessOf = (mode: number): { readonly mode: number; readonly owner: FileOwner } =>
      mode === PRIVATE && options.readers !== null
        ? { mode: PRIVATE | 0o040, owner: { ...self, gid: options.readers } }
        : { mode, owner: self };
    await files.makeDirectory(plan.folder, { mode: 0o755 });
    for (const path of await filesBelow(plan.folder))
      if (!wanted.has(path)) await rm(join(plan.folder, path), { force: true });
    for (const { path, content, mode } of wanted.values()) {
      const target = join(plan.folder, path);
      const access = accessOf(mode);
      if (!(await isAsPlanned(target, content, access.owner.uid))) await files.writeAtomic(target, content, access);
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

/** Whether a file has this content and owner. A former version gave those with passwords to the user of the services. */
async function isAsPlanned(path: string, content: string, uid: number): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  const isOwn = found !== null && (process.getuid === undefined || found.uid === uid);
  return isOwn && (await readFile(path, 'utf8').catch(() => null)) === content;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
