import { describe, expect, it } from 'vitest';
import { moveOutcomeOf, MOVE_STEPS, moveStepAfter, resumeMoveAs, servicesAreDown, type MoveStep } from './journal.ts';

/** All steps from the hand-over on, with one of them failing, and how it ends. */
function walk(failing?: MoveStep): { steps: MoveStep[]; outcome: string } {
  const steps: MoveStep[] = [];
  for (let step: MoveStep | null = 'hand-over'; step !== null; step = moveStepAfter(step, step !== failing))
    steps.push(step);
  return { steps, outcome: moveOutcomeOf({ step: steps.at(-1)!, switched: steps.includes('start') }) };
}

describe('the steps of a move', () => {
  it('lead to the new place when all goes well', () => {
    expect(walk()).toEqual({ steps: ['hand-over', 'sync', 'swap', 'start', 'remove'], outcome: 'moved' });
  });

  it.each([
    ['hand-over', ['hand-over'], 'undone'],
    ['sync', ['hand-over', 'sync', 'swap-back', 'start-old'], 'undone'],
    ['swap', ['hand-over', 'sync', 'swap', 'swap-back', 'start-old'], 'undone'],
    ['start', ['hand-over', 'sync', 'swap', 'start', 'end-new', 'swap-back', 'start-old'], 'rolled-back'],
    // It runs there: what could not be removed is only in the way.
    ['remove', ['hand-over', 'sync', 'swap', 'start', 'remove'], 'moved'],
  ] as const)('lead back when %s fails', (failing, steps, outcome) => {
    expect(walk(failing)).toEqual({ steps, outcome });
  });

  it('are undone after a kill as long as the daemon did them, and gone on from later', () => {
    const discarded = MOVE_STEPS.filter((step) => resumeMoveAs(step) === 'discard');
    expect(discarded).toEqual(['check', 'wait', 'copy', 'stop', 'verify']);
    // Only a prepared move can end in the daemon that prepared it.
    for (const step of discarded) expect(moveStepAfter(step, true)).toBeNull();
    expect(discarded.filter(servicesAreDown)).toEqual(['stop', 'verify']);
  });
});
