/** A client may ask for less than it could have: the desktop app for its page, `koji mcp` for its agent. */
import { ACCESS_LEVELS, isAllowed, type AccessLevel } from '../../contract/define.ts';
import { KojiboxError } from '../../contract/errors.ts';

/** @param asked of the message; undefined: all that is granted. @returns the lesser of both; null for what is no level */
export function allowed(asked: unknown, granted: AccessLevel): AccessLevel | null {
  if (asked === undefined) return granted;
  const level = ACCESS_LEVELS.find((known) => known === asked);
  if (level === undefined) return null;
  return isAllowed(level, granted) ? level : granted;
}

export const unknownLevel = (): KojiboxError =>
  new KojiboxError('MALFORMED_REQUEST', 'cannot read the request', {
    detail: `"allow" takes ${ACCESS_LEVELS.join(', ')}`,
    source: 'daemon',
  });
