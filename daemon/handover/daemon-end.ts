/** Seeing and ending the daemon of a home from outside of it, without its services. */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { DaemonFileSchema, type DaemonFile } from '../../contract/daemon.ts';
import type { KojiboxError } from '../../contract/errors.ts';
import { layoutOf } from '../../core/layout.ts';
import type { ProcessIdentity } from '../../core/system/processes.ts';
import { isSameNow, readProcessStat } from '../system/process-facts.linux.ts';

const QUIT_MS = 30_000;
const ANSWER_MS = 5000;
const LOOK_EVERY_MS = 100;
/** A daemon that reports healthy and falls over right after is not healthy. */
const STEADY_MS = 1000;

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // None runs, or it is just being written; the caller looks again.
  }
}

export const daemonFileOf = (home: string): DaemonFile | null =>
  DaemonFileSchema.safeParse(readJson(layoutOf(home).daemonFile)).data ?? null;

/** The daemon that holds the lock of the home, as long as it lives. */
export function holderOf(home: string): ProcessIdentity | null {
  const holder = readJson(layoutOf(home).daemonLock) as ProcessIdentity | null;
  return holder !== null && isSameNow(holder) ? holder : null;
}

/** Version of the daemon that answers; null when none does. */
export async function answeringVersion(home: string): Promise<string | null> {
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

export interface EndOptions {
  /** A daemon of this version may stay; null: none may. */
  readonly except: string | null;
  /** What is thrown when it does not end. */
  failed(detail: string): KojiboxError;
}

/** Tells the daemon to end without its services and waits until it has. Rejects with `failed` when it does not end. */
export async function stopDaemon(home: string, { except, failed }: EndOptions): Promise<void> {
  let told: number | null = null;
  for (const deadline = performance.now() + QUIT_MS; ; await wait(LOOK_EVERY_MS)) {
    const holder = holderOf(home);
    if (holder === null || (except !== null && (await answeringVersion(home)) === except)) return;
    // One that has just begun cannot be told yet: what it writes when it is ready is still that of a daemon before.
    const file = daemonFileOf(home);
    if (file?.pid === holder.pid && told !== holder.pid && (await tellToQuit(file))) told = holder.pid;
    if (performance.now() > deadline)
      throw failed(`the daemon that runs (process ${holder.pid}) did not end within ${QUIT_MS / 1000} s`);
  }
}

/** @returns whether it heard; one that is ending already may not */
async function tellToQuit(file: DaemonFile): Promise<boolean> {
  // The caller asks again, as long as it lives.
  return (await callDaemon(file, 'daemon.quit', { keepServices: true, restarting: true })) !== null;
}

/** The answer of a daemon; null when it does not give one. */
export async function callDaemon({ url, token }: DaemonFile, method: string, params: object): Promise<unknown> {
  try {
    const answer = await fetch(`${url}/rpc`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ method, params }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return answer.ok ? ((await answer.json()) as { result?: unknown }).result : null;
  } catch {
    return null;
  }
}

/** As {@link stopDaemon}, but one that does not answer is killed together with the shell that would start it again. Its services go on. */
export async function endDaemon(home: string, options: EndOptions): Promise<void> {
  const holder = holderOf(home);
  if (holder === null) return;
  const answers = await answeringVersion(home);
  if (answers !== null && answers === options.except) return;
  if (answers !== null) return stopDaemon(home, options);
  // A daemon that was started in the background leads, with its shell, a session that no one else is in.
  const stat = readProcessStat(holder.pid);
  const group = stat !== null && stat.group === stat.session ? -stat.group : holder.pid;
  process.kill(group, 'SIGKILL');
  while (isSameNow(holder)) await wait(LOOK_EVERY_MS);
}

/**
 * Waits until the daemon reports healthy, and stays so.
 * @param version null: whichever it is
 * @param deadline by performance.now(): a clock that is set in the meantime makes nothing early or late
 * @returns `steady`; `other`: one of another version answers; else what is wrong, as half a sentence
 */
export async function awaitHealthy(home: string, version: string | null, deadline: number): Promise<string> {
  for (;;) {
    const answers = await answeringVersion(home);
    if (answers !== null && (version === null || answers === version)) {
      const { pid } = daemonFileOf(home) ?? {};
      await wait(STEADY_MS);
      const steady = (await answeringVersion(home)) === answers && daemonFileOf(home)?.pid === pid;
      return steady ? 'steady' : 'its daemon fell over right after its start';
    }
    if (answers !== null) return 'other';
    if (holderOf(home) === null) return 'its daemon ended at its start';
    if (performance.now() > deadline) return 'its daemon did not report healthy in time';
    await wait(LOOK_EVERY_MS);
  }
}
