/** Finds the daemon, or starts it from the app's own binary run as plain Node; it outlives the window. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { DaemonFileSchema, type DaemonFile } from '../../contract/daemon.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { daemonFileIn, resolveHome } from '../../contract/home.ts';

const DEADLINE_MS = 20_000;
const LOOK_EVERY_MS = 50;

export function homeFolder(): string {
  return resolveHome({
    environment: process.env,
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    userHome: homedir(),
  });
}

/** The record of a daemon that answers; null when none does. */
export async function findDaemon(home: string): Promise<DaemonFile | null> {
  let file: DaemonFile;
  try {
    file = DaemonFileSchema.parse(JSON.parse(readFileSync(daemonFileIn(home), 'utf8')));
  } catch {
    return null; // None was started, or it ended in order.
  }
  const answer = await fetch(`${file.url}/healthz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
  return answer?.ok === true ? file : null;
}

/**
 * @param program dist/daemon/main.mjs
 * @param binary the app's own executable; with ELECTRON_RUN_AS_NODE it is a Node
 */
export async function ensureDaemon(home: string, program: string, binary: string): Promise<DaemonFile> {
  const running = await findDaemon(home);
  if (running !== null) return running;
  const child = spawn(binary, [program], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: { ...process.env, KOJIBOX_HOME: home, ELECTRON_RUN_AS_NODE: '1' },
  });
  child.unref();
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline;) {
    const started = await findDaemon(home);
    if (started !== null) return started;
    await wait(LOOK_EVERY_MS);
  }
  throw new KojiboxError('DAEMON_UNREACHABLE', 'cannot start the Kojibox daemon', {
    detail: `it did not answer within ${DEADLINE_MS / 1000} s`,
    source: 'electron',
  });
}
