/**
 * Figures belong to `npm run bench`: on a machine that has other work a test that holds one fails by chance. A test takes many times of it
 * there, so that only a hang or a wrong order of magnitude fails; `npm run bench tests` and `npm run bench window` hold the figure itself.
 */
export const isBench = process.env['KOJIBOX_BENCH'] === '1';

const PATIENCE = 20;

/** @param goal a time, in any unit */
export const atMost = (goal: number): number => (isBench ? goal : goal * PATIENCE);
