/** Goes along a journal step by step, forward or back, and writes each step down before it is done. */
import type { ErrorBody } from '../../contract/errors.ts';

interface SteppedJournal<S extends string> {
  readonly id: string;
  readonly step: S;
  /** Of the first step that failed. */
  readonly error: ErrorBody | null;
}

export interface StepRun<S extends string, J extends SteppedJournal<S>> {
  /** Each can be done again after a kill in the middle of it. */
  readonly steps: Readonly<Partial<Record<S, (journal: J) => Promise<void> | void>>>;
  /** Null: that was the last one. */
  stepAfter(step: S, ok: boolean): S | null;
  /** @returns what was written */
  write(journal: J): J;
  toBody(cause: unknown, journal: J): ErrorBody;
  say(text: string): void;
}

/** @returns the journal as it was at the last step; rejects only for what the disk refuses */
export async function runSteps<S extends string, J extends SteppedJournal<S>>(
  begun: J,
  { steps, stepAfter, write, toBody, say }: StepRun<S, J>,
): Promise<J> {
  let journal = begun;
  for (;;) {
    const { id, step } = journal;
    say(`${id}: ${step}`);
    let error: ErrorBody | null = null;
    try {
      await steps[step]?.(journal);
    } catch (cause) {
      error = toBody(cause, journal);
      say(`${id}: ${step} failed: ${error.message}: ${error.detail}`);
    }
    const next = stepAfter(step, error === null);
    journal = { ...journal, error: journal.error ?? error };
    if (next === null) return journal;
    journal = write({ ...journal, step: next });
  }
}
