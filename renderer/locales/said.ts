/** Words of the daemon in the language of the window. */
import type { Change, ChangeKind, Step } from '../../contract/changes.ts';
import type { DoctorCheck } from '../../contract/doctor.ts';
import type { ErrorCode } from '../../contract/errors.ts';
import { t } from './index.ts';

export interface SaidError {
  readonly title: string;
  readonly detail: string;
  readonly remedy: string;
}

const INVALID_PARAMETERS = /^cannot run \S+: invalid parameters$/;
const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** In English as it stands. In another language by its code; the daemon's own sentence is then part of the detail, since it names things. */
export function errorText(error: {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: string;
  readonly remedy?: string | undefined;
}): SaidError {
  const known = t.daemon?.errors[error.code];
  // Names the operation, which says nothing to a person, and a cure that says nothing more than the detail.
  const isAboutValues = INVALID_PARAMETERS.test(error.message);
  if (known === undefined)
    return isAboutValues
      ? { title: t.fields.check, detail: error.detail, remedy: '' }
      : { title: error.message, detail: error.detail, remedy: error.remedy ?? '' };
  const [title, remedy] = known;
  if (isAboutValues) return { title: t.fields.check, detail: sentenceText(error.detail), remedy: '' };
  const detail = [error.message, error.detail].filter(Boolean).map(sentenceText).join(': ');
  // A remedy of its own knows more than the one of the code.
  const own = sentenceText(error.remedy ?? '');
  return { title, detail, remedy: own === (error.remedy ?? '') ? remedy : own };
}

/**
 * An error as it stands at the field that it is about: why, without the name of the operation or of the parameter. What no catalogue has
 * in the language of the window is said in general.
 */
export function fieldErrorText(error: {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: string;
}): string {
  if (error.code !== 'VALIDATION_FAILED') return errorText(error).detail || errorText(error).title;
  const [first = ''] = (error.detail || error.message).split('; ');
  const plain = first.replace(/^[\w.[\]${}-]+: /, '');
  const said = sentenceText(plain);
  return t.daemon !== null && said === plain ? t.fields.invalid : capital(said);
}

export const changeText = ({ kind, summary }: Pick<Change, 'kind' | 'summary'>): string =>
  t.daemon?.changes[kind as ChangeKind] ?? summary;

/** What the summary of a change names, behind its verb. */
const NAMED =
  /^(?:Creating|Installing(?: what)?|Using|Dropping|Exporting|Importing into|Copying|Taking over|Making|Moving the data to) (.+)$/s;

/** A change with what it is about, e.g. the name of the project: several of the same kind are told apart. */
export function summaryText(change: Pick<Change, 'kind' | 'summary'>): string {
  const text = changeText(change);
  const named = NAMED.exec(change.summary)?.[1];
  return text === change.summary || named === undefined ? text : `${text}: ${named}`;
}

/** A step that has no word of its own is shown as it is: it may be the name of a thing. */
export const stepText = (step: string): string => t.daemon?.steps[step as Step] ?? step;

/** The tasks of a change as lines: what each is called, and how far it is or how it ended. */
export const taskLines = ({ tasks }: Pick<Change, 'tasks'>): { id: string; label: string; state: string }[] =>
  tasks.map(({ id, label, detail, step }) => ({
    id,
    label: sentenceText(label),
    state: sentenceText(detail) || stepText(step),
  }));

export const checkText = ({ id, description }: Pick<DoctorCheck, 'id' | 'description'>): string =>
  t.daemon?.checks[id] ?? description;

/** A sentence of the daemon; one that is not in the contract, as a newer daemon may have, stays in English. */
export const sentenceText = (text: string): string => t.daemon?.sentence(text) ?? text;

/** A failure as the activity log has it: `CODE: what could not be done`. */
export function failureText(text: string): string {
  const [, code = '', message = ''] = /^([A-Z_]+): (.*)$/s.exec(text) ?? [];
  const known: readonly [string, string] | undefined = t.daemon?.errors[code as ErrorCode];
  return known === undefined ? text : `${known[0]}: ${sentenceText(message)}`;
}

/** What a probe saw. Answers that are good are the usual ones; what a failing one says stays as the program said it. */
export function evidenceText(text: string): string {
  const name = /^(\S.*) answered$/.exec(text)?.[1];
  if (name !== undefined) return t.answered.by(name);
  const status = /^answered (\d{3})$/.exec(text)?.[1];
  if (status !== undefined) return t.answered.status(status);
  return text === 'the process runs' ? t.answered.runs : text;
}
