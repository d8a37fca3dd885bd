/** Keys that this browser remembers, such as those of what was dismissed. */
const KEPT = 100;

/** What is not a list of texts counts as empty. */
export function readStoredKeys(name: string): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(name) ?? '[]');
    return Array.isArray(stored) ? stored.filter((key) => typeof key === 'string') : [];
  } catch {
    return []; // Not ours: what was dismissed is shown once more.
  }
}

/** @returns the newest of them, which are now stored */
export function storeKeys(name: string, keys: readonly string[]): readonly string[] {
  const kept = [...new Set(keys)].slice(-KEPT);
  localStorage.setItem(name, JSON.stringify(kept));
  return kept;
}
