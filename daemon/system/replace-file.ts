/** Writes a file beside its place and renames it there: half of it never has its name (rename(2)). */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { WriteOptions } from '../../core/system/files.ts';

/**
 * The caller syncs the folder afterwards: a rename is durable only then (fsync(2)).
 *
 * @param at path of an entry of the folder
 */
export async function replaceIn(
  at: (name: string) => string,
  name: string,
  content: string | Uint8Array,
  options: WriteOptions,
): Promise<void> {
  const temporary = at(`.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      await file.writeFile(content);
      if (options.mode !== undefined) await file.chmod(options.mode);
      if (options.owner !== undefined) await file.chown(options.owner.uid, options.owner.gid);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, at(name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
