/** The journal and the record of an installation on disk. */
import type { InstallLayout } from '../../core/updater/install-layout.ts';
import {
  EMPTY_RECORD,
  JournalSchema,
  UpdateRecordSchema,
  type Journal,
  type UpdateRecord,
} from '../../core/updater/journal.ts';
import { readDurable, removeDurable, writeDurable } from '../handover/durable-json.ts';

/** Null when no update runs, or when the file is none of ours. */
export const readJournal = (install: InstallLayout): Journal | null => readDurable(install.journal, JournalSchema);
export const writeJournal = (install: InstallLayout, journal: Journal): void => writeDurable(install.journal, journal);
export const removeJournal = (install: InstallLayout): void => removeDurable(install.journal);

export const readRecord = (install: InstallLayout): UpdateRecord =>
  readDurable(install.record, UpdateRecordSchema) ?? EMPTY_RECORD;
export const writeRecord = (install: InstallLayout, record: UpdateRecord): void => writeDurable(install.record, record);
