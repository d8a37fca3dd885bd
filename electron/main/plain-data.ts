/** What may come through the window's port: JSON-like data of a bounded size. The port itself would carry anything that can be cloned. */

const MAX_DEPTH = 32;
const MAX_VALUES = 100_000;
/** Of all texts and names together, in UTF-16 units; about what the daemon takes in one request. */
export const MAX_TEXT = 8 * 1024 * 1024;
/**
 * Walks no further than the limits, so a message that is huge, deep or refers to itself costs no more than one at the limit.
 *
 * @returns why it is refused; null when it is plain data
 */
export function refusePlainData(value: unknown): string | null {
  let values = 0;
  let text = 0;
  const visit = (part: unknown, depth: number): string | null => {
    if (++values > MAX_VALUES) return 'it holds too many values';
    if (depth > MAX_DEPTH) return 'it is nested too deeply';
    switch (typeof part) {
      case 'string':
        text += part.length;
        return text > MAX_TEXT ? 'it is too large' : null;
      case 'number':
        return Number.isFinite(part) ? null : 'it holds a number that is none';
      case 'boolean':
      case 'undefined':
        return null;
      case 'object':
        break;
      default:
        return `it holds a ${typeof part}`;
    }
    if (part === null) return null;
    if (Array.isArray(part)) {
      // A sparse array of four thousand million places would be walked place by place.
      if (part.length > MAX_VALUES) return 'it holds too many values';
      for (let index = 0; index < part.length; index++) {
        const why = visit(part[index], depth + 1);
        if (why !== null) return why;
      }
      return null;
    }
    const prototype: unknown = Object.getPrototypeOf(part);
    if (prototype !== null && prototype !== Object.prototype) return 'it holds something that is not a plain object';
    for (const key of Object.keys(part)) {
      text += key.length;
      const why = visit((part as Record<string, unknown>)[key], depth + 1);
      if (why !== null) return why;
    }
    return null;
  };
  return visit(value, 0);
}

/**
 * An own property of this name is how prototypes are poisoned; no operation has a parameter called so, but a schema passes over it.
 *
 * @param value plain data within the limits
 */
export function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, part]) => key === '__proto__' || hasPrototypeKey(part));
}
