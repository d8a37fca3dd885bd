/** Keeps the cache of downloads below its bound: what was not used for longest goes first. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What is younger may still be in use by an install. */
const YOUNG_MS = 3_600_000;

/**
 * @param folder searched with all folders below it; a missing one is fine
 * @returns bytes that were freed
 */
export async function pruneDownloads(folder: string, maxBytes: number, now: number): Promise<number> {
  const files: { path: string; size: number; usedAt: number }[] = [];
  const collect = async (path: string): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const entry of entries) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) await collect(child);
      else if (entry.isFile()) {
        const found = await stat(child);
        // Reading counts as use, as far as the file system writes it down (relatime of mount(8): once a day).
        files.push({ path: child, size: found.size, usedAt: Math.max(found.atimeMs, found.mtimeMs) });
      }
    }
  };
  await collect(folder);
  let total = files.reduce((sum, { size }) => sum + size, 0);
  let freed = 0;
  for (const { path, size, usedAt } of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= maxBytes || now - usedAt < YOUNG_MS) break;
    await rm(path, { force: true });
    total -= size;
    freed += size;
  }
  return freed;
}
