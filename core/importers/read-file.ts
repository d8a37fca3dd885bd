/** Reading what others wrote: never too much, and a file that cannot be read is a warning. */
import { join } from 'node:path';
import type { FileSystem } from '../system/files.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

/** Settings files are small; a log that someone named `.conf` is not read. */
const MAX_BYTES = 2_000_000;
const MAX_ENTRIES = 500;

/** @returns the text, or null: then, when the file is there after all, `warn` was told why */
export async function readSettings(
  files: FileSystem,
  path: string,
  warn: (text: Sentence) => void,
): Promise<string | null> {
  try {
    const real = await files.realPath(path);
    const stat = real === null ? null : await files.stat(real);
    if (real === null || stat === null) return null;
    if (stat.type !== 'file') return null;
    if (stat.size > MAX_BYTES) {
      warn(sayImport('tooLarge', { path }));
      return null;
    }
    return await files.readForeign(real, { maxBytes: MAX_BYTES });
  } catch (error) {
    warn(sayImport('cannotRead', { path, reason: (error as { code?: string }).code ?? String(error) }));
    return null;
  }
}

/** Names in a folder; none when it is not there or may not be read. */
export async function listFolder(files: FileSystem, path: string, warn: (text: Sentence) => void): Promise<string[]> {
  try {
    const names = await files.list(path);
    if (names.length > MAX_ENTRIES) warn(sayImport('tooMany', { path, count: names.length, limit: MAX_ENTRIES }));
    return names.slice(0, MAX_ENTRIES);
  } catch (error) {
    warn(sayImport('cannotRead', { path, reason: (error as { code?: string }).code ?? String(error) }));
    return [];
  }
}

/** Folders in a folder, links to folders included, hidden ones left out. */
export async function foldersIn(
  files: FileSystem,
  path: string,
  warn: (text: Sentence) => void,
): Promise<{ readonly name: string; readonly path: string }[]> {
  const found: { name: string; path: string }[] = [];
  for (const name of await listFolder(files, path, warn)) {
    if (name.startsWith('.')) continue;
    const real = await files.realPath(join(path, name)).catch(() => null); // A link that goes round in circles.
    if (real !== null && (await files.stat(real))?.type === 'directory') found.push({ name, path: real });
  }
  return found;
}
