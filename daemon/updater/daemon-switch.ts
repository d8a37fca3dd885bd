/** Ending one daemon without its services, and starting the one of another version. Done by the program that switches. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DaemonFileSchema, type DaemonFile } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { layoutOf } from '../../core/layout.ts';
import type { InstallLayout } from '../../core/updater/install-layout.ts';
import type { ProcessIdentity } from '../../core/system/processes.ts';
import { LAUNCHER } from '../system/folder-links.ts';
import { isSameNow, readProcessStat } from '../system/process-facts.linux.ts';

const QUIT_MS = 30_000;
const ANSWER_MS = 5000;
const LOOK_EVERY_MS = 100;
/** A version that reports healthy and falls over right after is not healthy. */
const STEADY_MS = 1000;
/** How often a daemon of the wrong version may come in between: somebody ran koji at the wrong moment. */
const TRIES = 3;

const failed = (version: string, detail: string): KojiboxError =>
  new KojiboxError('UPDATE_FAILED', `cannot switch to ${version}`, { detail, source: 'updater' });

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // None runs, or it is just being written; the caller looks again.
  }
}

const daemonFileOf = (home: string): DaemonFile | null =>
  DaemonFileSchema.safeParse(readJson(layoutOf(home).daemonFile)).data ?? null;

/** The daemon that holds the lock of the home, as long as it lives. */
function holderOf(home: string): ProcessIdentity | null {
  const holder = readJson(layoutOf(home).daemonLock) as ProcessIdentity | null;
  return holder !== null && isSameNow(holder) ? holder : null;
}

/** Version of the daemon that answers; null when none does. */
async function answeringVersion(home: string): Promise<string | null> {
  const file = daemonFileOf(home);
  if (file === null || holderOf(home)?.pid !== file.pid) return null;
  try {
    const answer = await fetch(`${file.url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const { status, version } = (await answer.json()) as { status?: unknown; version?: unknown };
    return status === 'ok' && typeof version === 'string' ? version : null;
  } catch {
    return null; // Not yet, or not any more.
  }
}

/** Tells the daemon to end without its services and waits until it has; a daemon of `except` may stay. Rejects when it does not end. */
export async function stopDaemon(home: string, except: string): Promise<void> {
  let told: number | null = null;
  for (const deadline = Date.now() + QUIT_MS; ; await wait(LOOK_EVERY_MS)) {
    const holder = holderOf(home);
    if (holder === null || (await answeringVersion(home)) === except) return;
    // One that has just begun cannot be told yet: what it writes when it is ready is still that of a daemon before.
    const file = daemonFileOf(home);
    if (file?.pid === holder.pid && told !== holder.pid && (await tellToQuit(file))) told = holder.pid;
    if (Date.now() > deadline)
      throw failed(except, `the daemon that runs (process ${holder.pid}) did not end within ${QUIT_MS / 1000} s`);
  }
}

/** @returns whether it heard; one that is ending already may not */
async function tellToQuit({ url, token }: DaemonFile): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/rpc`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ method: 'daemon.quit', params: { keepServices: true, restarting: true } }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return answer.ok;
  } catch {
    return false; // The caller asks again, as long as it lives.
  }
}

/** As {@link stopDaemon}, but one that does not end by itself is killed together with the shell that would start it again. Its services go on. */
export async function endDaemon(home: string, except: string): Promise<void> {
  const holder = holderOf(home);
  if (holder === null) return;
  const answers = await answeringVersion(home);
  if (answers === except) return;
  if (answers !== null) return stopDaemon(home, except);
  // A daemon that was started in the background leads, with its shell, a session that nobody else is in.
  const stat = readProcessStat(holder.pid);
  const group = stat !== null && stat.group === stat.session ? -stat.group : holder.pid;
  process.kill(group, 'SIGKILL');
  while (isSameNow(holder)) await wait(LOOK_EVERY_MS);
}

/** Starts the daemon of the version that `current` leads to, with that version's own program. Rejects unless it reports healthy, and stays so. */
export async function startDaemonOf(
  install: InstallLayout,
  home: string,
  version: string,
  deadlineMs: number,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const output = await runStarter(install, home, deadlineMs);
    const healthy = await reportsHealthy(home, version, deadline);
    if (healthy === 'steady') return;
    if (healthy !== 'other') throw failed(version, `${healthy}${output === '' ? '' : `: ${output}`}`);
    await stopDaemon(home, version);
  }
  throw failed(version, 'daemons of another version were started again and again meanwhile');
}

async function reportsHealthy(home: string, version: string, deadline: number): Promise<string> {
  for (;;) {
    const answers = await answeringVersion(home);
    if (answers === version) {
      const { pid } = daemonFileOf(home) ?? {};
      await wait(STEADY_MS);
      const steady = (await answeringVersion(home)) === version && daemonFileOf(home)?.pid === pid;
      return steady ? 'steady' : 'its daemon fell over right after its start';
    }
    if (answers !== null) return 'other';
    if (holderOf(home) === null) return 'its daemon ended at its start';
    if (Date.now() > deadline) return 'its daemon did not report healthy in time';
    await wait(LOOK_EVERY_MS);
  }
}

/** @returns what the starter said when it failed; '' when it did its work */
function runStarter(install: InstallLayout, home: string, deadlineMs: number): Promise<string> {
  const koji = join(install.current, LAUNCHER.file);
  const child = spawn(koji, ['update', 'start-daemon', '--deadline-ms', String(deadlineMs)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: '/',
    shell: LAUNCHER.shell,
    // While the journal is there nobody starts a daemon again that has crashed: the way back is our own work.
    env: { ...process.env, KOJIBOX_HOME: home, KOJIBOX_TRIAL: install.journal },
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? '' : text.trim().split('\n').slice(0, 4).join(' | ')));
  });
}
