/**
 * What the window may do by itself, and what the person is asked about, natively, where no page can draw over the question or press its
 * button. A page that was taken over has the window's role and not a bit more.
 *
 *   within the role, not destructive   goes through
 *   destructive                        asked each time
 *   one level above the role (admin)   asked; the same goes through for five minutes (a secret, or what reaches files, programs or other
 *                                      machines: only with the same parameters)
 *   anything else above the role       refused
 */
import { accessFor, isAllowed, isReaching, type AccessLevel, type Operation } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';

/** A question to the person. */
export interface Question {
  /** Of the operation, for its words in another language. */
  readonly name: string;
  readonly summary: string;
  /** The operation and its parameters, in one line; without parameters where they may be secret. */
  readonly detail: string;
  readonly isDestructive: boolean;
}

export interface Consent {
  /**
   * @param params as the schema of the operation gives them
   * @returns the level with which it may be done; rejects with PERMISSION_DENIED or CANCELLED
   */
  check(operation: Operation, params: unknown): Promise<AccessLevel>;
}

const GRANT_MS = 5 * 60_000;
/** So many refusals in this time, and the window is not listened to for as long again: no one is worn down by questions. */
const MAX_REFUSALS = 3;
const REFUSAL_MS = 60_000;
const MAX_DETAIL = 300;
/** Of what reaches files or programs: the person has to see what, and nothing long before it may push it out of sight. */
const MAX_REACHING_DETAIL = 2000;

export function createConsent(options: {
  readonly role: AccessLevel;
  /** Whether the person may let it do what needs `admin`. */
  readonly mayElevate: boolean;
  readonly ask: (question: Question) => Promise<boolean>;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}): Consent {
  const { role, mayElevate, ask, now } = options;
  const grants = new Map<string, number>();
  let refusals: number[] = [];
  let isAsking = false;

  const refuse = (operation: Operation, detail: string, remedy: string): KojiboxError =>
    new KojiboxError('PERMISSION_DENIED', `cannot run ${operation.name} from this window`, {
      detail,
      source: 'electron',
      remedy,
    });

  return {
    async check(operation, params) {
      const needed = accessFor(operation, params);
      const isWithinRole = isAllowed(needed, role);
      const isDestructive = operation.destructive === true;
      const granted = isWithinRole ? role : needed;
      if (isWithinRole && !isDestructive) return granted;
      if (!isWithinRole && !(mayElevate && isAllowed('operate', role)))
        throw refuse(
          operation,
          `it needs the access level ${needed}; this window has ${role}`,
          'Use the command line for it: koji --help',
        );

      const isParticular = operation.holdsSecret === true || isReaching(operation, params);
      const key = isParticular ? `${operation.name} ${JSON.stringify(params)}` : operation.name;
      if (!isDestructive && now() < (grants.get(key) ?? -Infinity)) return granted;
      if (isAsking)
        throw refuse(operation, 'another question is still open', 'Answer the question that is open, then try again.');
      refusals = refusals.filter((at) => now() - at < REFUSAL_MS);
      if (refusals.length >= MAX_REFUSALS)
        throw refuse(operation, 'it was refused several times', 'Wait for a minute, then try again.');

      isAsking = true;
      try {
        if (
          !(await ask({
            name: operation.name,
            summary: operation.summary,
            detail: describe(operation, params),
            isDestructive,
          }))
        ) {
          refusals.push(now());
          throw new KojiboxError('CANCELLED', `did not run ${operation.name}`, {
            detail: 'it was not allowed',
            source: 'electron',
          });
        }
      } finally {
        isAsking = false;
      }
      if (!isDestructive) grants.set(key, now() + GRANT_MS);
      return granted;
    },
  };
}

/** JSON escapes control characters; what changes the direction of text or is not seen is taken out, so that nothing can look like another thing. */
function describe(operation: Operation, params: unknown): string {
  if (operation.holdsSecret === true) return operation.name;
  const text = `${operation.name} ${JSON.stringify(params) ?? ''}`.replaceAll(/[\p{Cf}\p{Zl}\p{Zp}]/gu, '');
  const most = isReaching(operation, params) ? MAX_REACHING_DETAIL : MAX_DETAIL;
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
