/** The installed or installable series that suits what a project asks for. */

/** `8.10` is after `8.9`. */
function compareSeries(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * @param wanted the least series that the project takes, e.g. `8.3` of composer.json's `^8.3`, or null
 * @param exact a project that names one series means that one (.nvmrc); else the standard is fine when it is new enough
 * @returns null: the standard series
 */
export function chooseSeries(
  wanted: string | null,
  options: { readonly available: readonly string[]; readonly standard: string; readonly exact: boolean },
): string | null {
  const { available, standard, exact } = options;
  if (wanted === null || wanted === standard) return null;
  if (exact && available.includes(wanted)) return wanted;
  if (compareSeries(standard, wanted) >= 0) return null;
  return [...available].sort(compareSeries).find((series) => compareSeries(series, wanted) >= 0) ?? null;
}
