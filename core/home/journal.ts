/**
 * The journal of a move of the data: each step is written down before it is done, so that whoever comes after a kill knows where to go on.
 * Pure: what follows on what. The steps themselves are in daemon/home.
 */
import { z } from 'zod';
import { ErrorBodySchema } from '../../contract/errors.ts';
import { HomeMoveOutcomeSchema, type HomeMoveOutcome } from '../../contract/home-move.ts';

/** Done by the daemon; a kill in one of these is undone, because nothing was switched yet. */
const PREPARING = ['check', 'wait', 'copy', 'stop', 'verify'] as const;
/** Done by the program that outlives the daemon; each can be done again, so a kill in one of these is gone on from. */
const SWITCHING = ['hand-over', 'sync', 'swap', 'start', 'remove'] as const;
/** The way back, for a place at which the daemon or its services do not run. */
const RETURNING = ['end-new', 'swap-back', 'start-old'] as const;

export const MOVE_STEPS = [...PREPARING, ...SWITCHING, ...RETURNING] as const;
export type MoveStep = (typeof MOVE_STEPS)[number];

export const MoveJournalSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  /** The address, which stays. */
  home: z.string(),
  /** Real folder in which the data is before the move; the address itself when it is no link. */
  from: z.string(),
  /** Where it is to be. */
  to: z.string(),
  method: z.enum(['rename', 'copy']),
  step: z.enum(MOVE_STEPS),
  /** Ids of the services that ran. */
  services: z.array(z.string()),
  /** Whether the stack was being brought up, and has to be again. */
  stackUp: z.boolean(),
  /** What changed at the former place since then (change time of its file system, ms) was not compared yet. */
  comparedAtMs: z.number(),
  /** What changed at the former place since then (the same clock) is in no copy; 0: nothing is known of it. */
  syncedAtMs: z.number().default(0),
  /** Node and the command line that start the daemon, by addresses that outlast the move. */
  starter: z.array(z.string()),
  /** How long the daemon may take until it answers. */
  healthDeadlineMs: z.int().positive(),
  /** Whether the new place was in use. */
  switched: z.boolean(),
  /** Why the way back was taken. */
  error: ErrorBodySchema.nullable(),
});
export type MoveJournal = z.infer<typeof MoveJournalSchema>;

/** What is kept of moves in the home itself. */
export const HomeRecordSchema = z.object({
  schemaVersion: z.literal(1),
  /** Place before the last move; null when nothing was moved. */
  previous: z.string().nullable(),
  last: HomeMoveOutcomeSchema.nullable(),
});
export type HomeRecord = z.infer<typeof HomeRecordSchema>;
export const EMPTY_HOME_RECORD: HomeRecord = { schemaVersion: 1, previous: null, last: null };

const isOneOf = (steps: readonly string[], step: MoveStep): boolean => steps.includes(step);

/** What to do with the journal of someone who was killed. */
export const resumeMoveAs = (step: MoveStep): 'discard' | 'go-on' => (isOneOf(PREPARING, step) ? 'discard' : 'go-on');

/** Whether services that ran before may be down at this step. */
export const servicesAreDown = (step: MoveStep): boolean => !isOneOf(['check', 'wait', 'copy'], step);

/**
 * The step after this one; null when the move has come to its end.
 * @param ok whether the step did what it should
 */
export function moveStepAfter(step: MoveStep, ok: boolean): MoveStep | null {
  switch (step) {
    case 'hand-over':
      // The daemon did not end: it still serves, and nothing was switched.
      return ok ? 'sync' : null;
    case 'sync':
      return ok ? 'swap' : 'swap-back';
    case 'swap':
      // Also a half-done swap is set right by the way back.
      return ok ? 'start' : 'swap-back';
    case 'start':
      return ok ? 'remove' : 'end-new';
    case 'end-new':
      return 'swap-back';
    case 'swap-back':
      return 'start-old';
    default:
      return null;
  }
}

/** How a move ended whose journal says this. */
export function moveOutcomeOf({ step, switched }: Pick<MoveJournal, 'step' | 'switched'>): HomeMoveOutcome['outcome'] {
  if (step === 'remove') return 'moved';
  return isOneOf(RETURNING, step) && switched ? 'rolled-back' : 'undone';
}
