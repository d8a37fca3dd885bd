/** Journals and records on disk: written at once and whole, so that a kill never leaves half of one. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { syncFolder } from '../system/folder-links.ts';

/** Null when there is none, or when it is none of ours: of a later version of Kojibox, which reads it itself. */
export function readDurable<T>(file: string, schema: z.ZodType<T>): T | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Temp file, fsync, rename, fsync of the folder: see fsync(2). */
export function writeDurable(file: string, value: unknown, mode = 0o644): void {
  const temporary = `${file}.new`;
  try {
    const descriptor = openSync(temporary, 'w', mode);
    try {
      // Not writeSync: on a disk that is nearly full write(2) takes a part and calls it a success.
      writeFileSync(descriptor, `${JSON.stringify(value, null, 2)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(file));
}

export function removeDurable(file: string): void {
  rmSync(file, { force: true });
  syncFolder(dirname(file));
}
