/**
 * The journal of an update: each step is written down before it is done, so that whoever comes after a kill knows where to go on. Pure: what
 * follows on what. The steps themselves are in daemon/updater.
 */
import { z } from 'zod';
import { ErrorBodySchema } from '../../contract/errors.ts';
import { UpdateOutcomeSchema } from '../../contract/updater.ts';

/** Done by the daemon; a kill in one of these is undone, because nothing was switched yet. */
const PREPARING = ['fetch', 'verify', 'unpack', 'check', 'place'] as const;
/** Done by the runner, which outlives the daemon; each can be done again, so a kill in one of these is gone on from. */
const SWITCHING = ['stop', 'swap', 'start', 'confirm'] as const;
/** The way back, for a version that does not report healthy. */
const RETURNING = ['end-new', 'swap-back', 'start-old'] as const;

export const UPDATE_STEPS = [...PREPARING, ...SWITCHING, ...RETURNING] as const;
export type UpdateStep = (typeof UPDATE_STEPS)[number];

export const JournalSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  kind: z.enum(['apply', 'rollback']),
  from: z.string(),
  to: z.string(),
  /** Of the archive; null for a rollback. */
  sha256: z.string().nullable(),
  /** KOJIBOX_HOME of the daemon that is switched. */
  home: z.string(),
  step: z.enum(UPDATE_STEPS),
  /** How long the new version may take until it reports healthy. */
  healthDeadlineMs: z.int().positive(),
  /** Why the way back was taken. */
  error: ErrorBodySchema.nullable(),
});
export type Journal = z.infer<typeof JournalSchema>;

/** What is known of this installation beside the journal. */
export const UpdateRecordSchema = z.object({
  schemaVersion: z.literal(1),
  /** Version to go back to. */
  previous: z.string().nullable(),
  last: UpdateOutcomeSchema.nullable(),
  /** Builds that were tried and failed, or that someone went back from. */
  failed: z.array(z.object({ version: z.string(), sha256: z.string().nullable(), reason: z.string(), at: z.string() })),
});
export type UpdateRecord = z.infer<typeof UpdateRecordSchema>;

export const EMPTY_RECORD: UpdateRecord = { schemaVersion: 1, previous: null, last: null, failed: [] };

/** What to do with the journal of someone who was killed. */
export function resumeAs(step: UpdateStep): 'discard' | 'go-on' {
  return (PREPARING as readonly string[]).includes(step) ? 'discard' : 'go-on';
}

/**
 * The step after this one; null when the update has come to its end.
 * @param ok whether the step did what it should
 */
export function stepAfter(step: UpdateStep, ok: boolean): UpdateStep | null {
  if (resumeAs(step) === 'discard') return ok ? (UPDATE_STEPS[UPDATE_STEPS.indexOf(step) + 1] ?? null) : null;
  switch (step) {
    case 'stop':
      // The former daemon did not end: it still serves, and nothing was switched.
      return ok ? 'swap' : null;
    case 'swap':
      // Also a half-done swap is set right by the way back.
      return ok ? 'start' : 'swap-back';
    case 'start':
      return ok ? 'confirm' : 'end-new';
    case 'end-new':
      return 'swap-back';
    case 'swap-back':
      return 'start-old';
    default:
      return null;
  }
}

/** How an update ended whose last step was this one. */
export function outcomeAt(step: UpdateStep): 'updated' | 'rolled-back' | 'undone' {
  if (step === 'confirm') return 'updated';
  return (RETURNING as readonly string[]).includes(step) ? 'rolled-back' : 'undone';
}

/** 0 to 1, for a bar: what fetches is most of it. */
export function progressAt(step: UpdateStep): number {
  const share: Record<UpdateStep, number> = {
    fetch: 0.05,
    verify: 0.6,
    unpack: 0.65,
    check: 0.75,
    place: 0.8,
    stop: 0.82,
    swap: 0.86,
    start: 0.88,
    confirm: 0.98,
    'end-new': 0.9,
    'swap-back': 0.92,
    'start-old': 0.94,
  };
  return share[step];
}
