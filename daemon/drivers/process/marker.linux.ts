/**
 * How a process shows that it belongs to a service: it carries the service's mark in its environment, or still holds the write end of the
 * service's FIFO. PostgreSQL's children need the second: each begins a session of its own and overwrites its environment.
 * See proc(5) for /proc/PID/environ and /proc/PID/fd.
 */
import { readFileSync, readlinkSync } from 'node:fs';

export const MARKER_NAME = 'KOJIBOX_SERVICE';
/** Descriptor under which a service inherits its FIFO. */
export const ALIVE_DESCRIPTOR = 3;

export interface Mark {
  /** Value of the environment variable: `php@1a2b3c4d`, the service and the home it belongs to. */
  readonly marker: string;
  /** Path of the FIFO, without links. */
  readonly aliveFile: string;
}

export const markerOf = (id: string, homeDigest: string): string => `${id}@${homeDigest}`;

/**
 * `lost`: the environment was overwritten to show a title, and the FIFO closed; only executable, session and start time can tell then.
 * `hidden`: gone, or another user's.
 */
export function readMark(pid: number, { marker, aliveFile }: Mark): 'carries' | 'other' | 'lost' | 'hidden' {
  if (holdsFifo(pid, aliveFile)) return 'carries';
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

function holdsFifo(pid: number, aliveFile: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${ALIVE_DESCRIPTOR}`) === aliveFile;
  } catch {
    return false; // Nothing open there, or not ours to see.
  }
}

/** Id of the service of this home whose mark the process shows in its environment; null: of none, or it cannot be read. */
export function readMarkedId(pid: number, homeDigest: string): string | null {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return null; // Gone, or another user's.
  }
  for (const entry of environment.split('\0')) {
    if (!entry.startsWith(`${MARKER_NAME}=`) || !entry.endsWith(`@${homeDigest}`)) continue;
    return entry.slice(MARKER_NAME.length + 1, -homeDigest.length - 1);
  }
  return null;
}
