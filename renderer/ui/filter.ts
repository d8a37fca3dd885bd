/** Search in short texts, and the order in which people look for names. */

/** Every word of what is typed must be somewhere in one of the texts; upper and lower case are the same. */
export function matchesFilter(typed: string, texts: readonly (string | null | undefined)[]): boolean {
  const all = texts.join('\n').toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** 1, 2, 10 rather than 1, 10, 2. */
export function compareNames(a: string, b: string, language?: string): number {
  return a.localeCompare(b, language, { numeric: true, sensitivity: 'base' });
}
