/** One line for each test that passed at its second try only. Chance refuses no landing then, and hides nothing either. */
const START = '! SECOND TRY: ';

export const secondTryLine = (path: readonly string[]): string => `${START}${path.join(' > ')}`;

/** The names of such tests, from all that a runner printed. */
export const secondTriesIn = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith(START))
    .map((line) => line.slice(START.length));
