/** The journal and the record of an installation on disk: written at once and whole, so that a kill never leaves half of one. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import type { InstallLayout } from '../../core/updater/install-layout.ts';
import {
  EMPTY_RECORD,
  JournalSchema,
  UpdateRecordSchema,
  type Journal,
  type UpdateRecord,
} from '../../core/updater/journal.ts';
import { syncFolder } from '../system/folder-links.ts';

/** Null when no update runs, or when the file is none of ours. */
export const readJournal = (install: InstallLayout): Journal | null => read(install.journal, JournalSchema);
export const writeJournal = (install: InstallLayout, journal: Journal): void => write(install.journal, journal);

export function removeJournal(install: InstallLayout): void {
  rmSync(install.journal, { force: true });
  syncFolder(install.folder);
}

export const readRecord = (install: InstallLayout): UpdateRecord =>
  read(install.record, UpdateRecordSchema) ?? EMPTY_RECORD;
export const writeRecord = (install: InstallLayout, record: UpdateRecord): void => write(install.record, record);

function read<T>(file: string, schema: z.ZodType<T>): T | null {
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
    return null; // Of a later version of Kojibox, which reads it itself.
  }
}

/** Temp file, fsync, rename, fsync of the folder: see fsync(2). */
function write(file: string, value: unknown): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', 0o644);
  try {
    writeSync(descriptor, `${JSON.stringify(value, null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  syncFolder(dirname(file));
}
