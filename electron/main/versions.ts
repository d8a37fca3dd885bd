/** Which of two versions is the newer one (Semantic Versioning 2.0.0, section 11; all pre-releases of a version count as the same). */
export function isNewerVersion(candidate: string, than: string): boolean {
  const numbers = (version: string): number[] => {
    const [core = '', preRelease] = version.split('+')[0]?.split(/-(.*)/s) ?? [];
    return [...core.split('.').map((part) => Number.parseInt(part, 10) || 0), preRelease === undefined ? 1 : 0];
  };
  const [a, b] = [numbers(candidate), numbers(than)];
  const at = a.findIndex((number, index) => number !== (b[index] ?? 0));
  return at !== -1 && (a[at] ?? 0) > (b[at] ?? 0);
}
