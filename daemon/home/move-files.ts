/** The journal of a move beside the home, and the record of moves in it. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorBody } from '../../contract/errors.ts';
import { movePathsOf } from '../../contract/home.ts';
import {
  EMPTY_HOME_RECORD,
  HomeRecordSchema,
  MoveJournalSchema,
  moveOutcomeOf,
  type HomeRecord,
  type MoveJournal,
} from '../../core/home/journal.ts';
import { layoutOf } from '../../core/layout.ts';
import { readDurable, removeDurable, writeDurable } from '../handover/durable-json.ts';

const OWNER_ONLY = 0o600;

/**
 * Null when nothing is moved. A journal of someone else is none: it says which program is started, and beside a home in a folder for all
 * (/tmp) anybody could put one.
 */
export function readMove(home: string): MoveJournal | null {
  const { journal } = movePathsOf(home);
  const owner = lstatSync(journal, { throwIfNoEntry: false })?.uid;
  const isOurs = owner !== undefined && owner === (process.getuid?.() ?? owner);
  return isOurs ? readDurable(journal, MoveJournalSchema) : null;
}
export const writeMove = (journal: MoveJournal): void =>
  writeDurable(movePathsOf(journal.home).journal, journal, OWNER_ONLY);
export const removeMove = (home: string): void => removeDurable(movePathsOf(home).journal);

export const readHomeRecord = (home: string): HomeRecord =>
  readDurable(layoutOf(home).homeRecord, HomeRecordSchema) ?? EMPTY_HOME_RECORD;

/** In the home, so that it goes with a daemon that was tried out. One for each move: no one is misled by that of an earlier one. */
export const trialOf = ({ home, id }: Pick<MoveJournal, 'home' | 'id'>): string => join(home, 'app', `${id}.trial`);

/**
 * Writes down how it ended, then lets go of the journal: a kill in between does only this again.
 * @param leftover why the former folder is still there after a move
 */
export function concludeMove(journal: MoveJournal, leftover: ErrorBody | null = null): void {
  const { home, id, from, to, method, error } = journal;
  const outcome = moveOutcomeOf(journal);
  const record = readHomeRecord(home);
  writeDurable(
    layoutOf(home).homeRecord,
    {
      ...record,
      previous: outcome === 'moved' ? from : record.previous,
      last: {
        id,
        from,
        to,
        method,
        outcome,
        error: outcome === 'moved' ? leftover : error,
        endedAt: new Date().toISOString(),
      },
    } satisfies HomeRecord,
    OWNER_ONLY,
  );
  removeMove(home);
}
