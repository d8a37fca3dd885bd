/** From an error to what a site, `koji status` and the window say of the record that it is about. */
import { KojiboxError } from '../../contract/errors.ts';
import type { RecordProblem } from '../../contract/problems.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';
import { diskFull } from '../../contract/disk-error.ts';

/** @param title what does not work; the error says why */
export function problemOf(record: Pick<RecordProblem, 'scope' | 'id'>, title: Sentence, error: unknown): RecordProblem {
  const full = diskFull(error, title);
  if (full !== null) return { ...record, title, detail: full.detail, cure: full.remedy };
  if (!(error instanceof KojiboxError))
    return { ...record, title, detail: sayProblem('unexpected', { reason: reasonOf(error) }), cure: '' };
  const detail = [error.message, error.detail].filter((text) => text !== '').join(': ');
  return {
    ...record,
    title,
    detail,
    cure: error.remedy,
    ...(error.field === undefined ? {} : { field: error.field }),
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
