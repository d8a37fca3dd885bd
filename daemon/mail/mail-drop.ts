/**
 * Where programs put mails that they hand over as files, as PHP's mail() does through its sendmail. Any of the users that run projects may
 * write there, so nothing in it is trusted: a regular file with one name is taken over as text and removed, and everything else is removed.
 */
import { watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSystem } from '../../core/system/files.ts';
import type { Logger } from '../../core/system/logger.ts';
import { readForeign } from '../system/foreign-files.ts';

/** Several files often come at once. */
const SETTLE_MS = 50;

export interface MailDrop {
  /** Takes over what is there now. */
  collect(): Promise<void>;
  close(): void;
}

/**
 * Makes and watches the folder. Its parent is the daemon's own.
 *
 * @param options.isShared other users put mails there too: each may add files, and see and remove none of the others
 */
export async function openMailDrop(options: {
  readonly folder: string;
  readonly isShared: boolean;
  readonly maxBytes: number;
  readonly files: FileSystem;
  readonly log: Logger;
  deliver(message: Buffer): Promise<void>;
}): Promise<MailDrop> {
  const { folder, files, log, maxBytes } = options;
  // Sticky, and without the right to list: see inode(7).
  await files.makeDirectory(folder, {
    mode: options.isShared ? 0o1733 : 0o700,
    ...(options.isShared ? { owner: { uid: 0, gid: 0 } } : {}),
  });
  let queue: Promise<void> = Promise.resolve();

  const takeOver = async (name: string): Promise<void> => {
    const path = join(folder, name);
    try {
      const message = await readForeign(path, { maxBytes, followsLink: false, hasOneName: true });
      if (message !== null) await options.deliver(message);
    } catch (error) {
      log.warn('not taking a mail that a program handed over', { name, error: String(error) });
    }
    await files.remove(path);
  };
  const collect = (): Promise<void> => {
    queue = queue
      .then(async () => {
        for (const name of await readdir(folder)) if (name.endsWith('.eml')) await takeOver(name);
      })
      .catch((error: unknown) => log.warn('cannot look for mails', { error: String(error) }));
    return queue;
  };

  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, (_, name) => {
    if (name === null || !name.endsWith('.eml')) return;
    clearTimeout(timer);
    timer = setTimeout(() => void collect(), SETTLE_MS);
  });
  watcher.on('error', () => watcher.close());
  await collect();
  return {
    collect,
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
