/** Reads the text of a field as a TCP port. */

/** @returns null when the text is not a whole number from 1 to 65535 */
export function readPort(text: string): number | null {
  const digits = text.trim();
  if (!/^\d{1,5}$/.test(digits)) return null;
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : null;
}
