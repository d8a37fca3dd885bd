/** The mark that a service and its children carry in their environment; see proc(5) for /proc/PID/environ. */
import { readFileSync } from 'node:fs';

export const MARKER_NAME = 'KOJIBOX_SERVICE';

/** `php@1a2b3c4d`: the service, and the home it belongs to. */
export const markerOf = (id: string, homeDigest: string): string => `${id}@${homeDigest}`;

/**
 * `lost`: the environment was overwritten, as PostgreSQL and php-fpm do to show a title; only executable, session and start time can tell then.
 * `hidden`: gone, or another user's.
 */
export function readMark(pid: number, marker: string): 'carries' | 'other' | 'lost' | 'hidden' {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return 'hidden';
  }
  // A title may have covered the first part of the environment, so the entry need not begin after a NUL that is still there.
  if (`${environment}\0`.includes(`${MARKER_NAME}=${marker}\0`)) return 'carries';
  return environment.includes('=') ? 'other' : 'lost';
}
