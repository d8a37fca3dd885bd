import { describe, expect, it } from 'vitest';
import { outcomeAt, resumeAs, stepAfter, UPDATE_STEPS, type UpdateStep } from './journal.ts';

/** All steps from one on, with one of them failing. */
function walk(from: UpdateStep, failing?: UpdateStep): UpdateStep[] {
  const walked: UpdateStep[] = [];
  for (let step: UpdateStep | null = from; step !== null; step = stepAfter(step, step !== failing)) walked.push(step);
  return walked;
}

describe('the steps of an update', () => {
  it('lead to the new version when all goes well', () => {
    const walked = walk('fetch');
    expect(walked).toEqual(['fetch', 'verify', 'unpack', 'check', 'place', 'stop', 'swap', 'start', 'confirm']);
    expect(outcomeAt(walked.at(-1)!)).toBe('updated');
  });

  it.each(['fetch', 'verify', 'unpack', 'check', 'place', 'stop'] as const)(
    'end at once when %s fails: nothing was switched',
    (step) => {
      expect(walk('fetch', step).at(-1)).toBe(step);
      expect(outcomeAt(step)).toBe('undone');
    },
  );

  it.each([
    ['swap', ['swap', 'swap-back', 'start-old']],
    ['start', ['start', 'end-new', 'swap-back', 'start-old']],
  ] as const)('lead back when %s fails', (step, back) => {
    const walked = walk('fetch', step);
    expect(walked.slice(walked.indexOf(step))).toEqual(back);
    expect(outcomeAt(walked.at(-1)!)).toBe('rolled-back');
  });

  it('after a kill: before the former daemon was stopped it is undone, later it is gone on from and always ends', () => {
    const discarded = UPDATE_STEPS.filter((step) => resumeAs(step) === 'discard');
    expect(discarded).toEqual(['fetch', 'verify', 'unpack', 'check', 'place']);
    for (const step of UPDATE_STEPS.filter((other) => resumeAs(other) === 'go-on')) {
      for (const failing of [undefined, ...UPDATE_STEPS]) {
        const last = walk(step, failing).at(-1);
        expect(['confirm', 'start-old', 'stop']).toContain(last);
      }
    }
  });
});
