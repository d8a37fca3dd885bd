/** How figures are summed up and printed. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** One line: what, how much, the goal, and the rounds. */
export function report(what: string, value: string, goal: string, rounds: readonly number[] = []): void {
  const all = rounds.length === 0 ? '' : `  (${rounds.map((round) => round.toFixed(0)).join(' ')})`;
  process.stdout.write(`${what.padEnd(48)} ${value.padStart(10)}   ${goal}${all}\n`);
}
