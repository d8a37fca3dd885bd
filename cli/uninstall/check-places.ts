/** Looks at every place where Kojibox may have left something, when everything has ended: nobody's word is taken for it. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Place } from '../../contract/system-changes.ts';

const LOOK_EVERY_MS = 20;

export interface PlaceState {
  readonly label: string;
  readonly path: string;
  readonly state: 'clean' | 'left' | 'kept' | 'unknown';
  readonly detail: string;
  /** What to do when something is left; empty otherwise. */
  readonly cure: string;
}

/** `unknown`: it could not be looked at, which counts as left. */
export function checkPlace({ label, path, check, cure }: Place): PlaceState {
  const state = (left: boolean | null, detail: string): PlaceState => ({
    label,
    path,
    state: left === null ? 'unknown' : left ? 'left' : 'clean',
    detail,
    cure: left === false ? '' : cure,
  });
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return state(false, 'nothing there');
  if (check.kind === 'absent') return state(true, 'still there');
  if (check.kind === 'without-certificate') return checkDatabase(path, check.nickname, state);
  try {
    const left = readFileSync(path, 'utf8').includes(check.text);
    return state(left, left ? 'still holds what Kojibox wrote' : 'holds nothing of Kojibox');
  } catch (error) {
    return state(null, error instanceof Error ? error.message : String(error));
  }
}

function checkDatabase(
  database: string,
  nickname: string,
  state: (left: boolean | null, detail: string) => PlaceState,
): PlaceState {
  const listed = spawnSync('certutil', ['-L', '-d', `sql:${database}`], { encoding: 'utf8', timeout: 30_000 });
  if (listed.error !== undefined || listed.status !== 0)
    return state(null, `certutil cannot read it: ${listed.error?.message ?? listed.stderr.trim()}`);
  return listed.stdout.includes(nickname)
    ? state(true, 'still holds the local authority')
    : state(false, 'does not hold the local authority');
}

/**
 * Services and programs of this home that still run. What ends the daemon ends a moment after it, so they get that moment before they
 * are told. Linux: proc(5); elsewhere the daemon's own end is all that can be seen.
 * @param homes the folder of the data, and the link to it when it was moved
 * @param patienceMs how long something may still be ending
 */
export async function checkProcesses(homes: readonly string[], patienceMs = 5000): Promise<PlaceState> {
  const deadline = Date.now() + patienceMs;
  let left = processesOf(homes);
  while (left.length > 0 && Date.now() < deadline) {
    await wait(LOOK_EVERY_MS);
    left = processesOf(homes);
  }
  return {
    label: 'processes',
    path: '',
    state: left.length === 0 ? 'clean' : 'left',
    detail: left.length === 0 ? 'none left' : `still running: ${left.join(', ')}`,
    cure: left.length === 0 ? '' : `kill ${left.join(' ')}`,
  };
}

const processesOf = (homes: readonly string[]): string[] =>
  existsSync('/proc/self/environ')
    ? readdirSync('/proc').filter(
        (name) => /^\d+$/.test(name) && Number(name) !== process.pid && homes.some((home) => isOurs(name, home)),
      )
    : [];

/** A program out of the home, a service, or a daemon or edge of this home; not a shell or an editor of the user that stands there. */
function isOurs(pid: string, home: string): boolean {
  try {
    // "Z": it ended, and only waits to be counted by its parent.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return false;
    if (readlinkSync(`/proc/${pid}/exe`).startsWith(`${home}/`)) return true;
    const [line, environment] = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
    const isProgram = /\/dist\/(daemon|edge)\/main\.mjs/.test(line ?? '');
    const isService = `\0${environment ?? ''}`.includes('\0KOJIBOX_SERVICE=');
    return (
      (isProgram || isService) && `${line ?? ''}\0${environment ?? ''}\0`.includes(`${home}${isProgram ? '' : '/'}`)
    );
  } catch {
    return false; // It ended while we looked, or is another user's.
  }
}
