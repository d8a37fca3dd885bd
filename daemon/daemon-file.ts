/** How clients find this daemon, and what they show it: daemon.json and the token. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { DaemonFile } from '../contract/daemon.ts';
import type { FileSystem } from '../core/system/files.ts';

/** Kept over restarts, so that open windows reconnect by themselves. */
export function readToken(file: string): string {
  if (existsSync(file)) {
    const known = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{48}$/.test(known)) return known;
  }
  const token = randomBytes(24).toString('hex');
  writeFileSync(file, token, { mode: 0o600 });
  return token;
}

/** The port of the daemon before, so that links stay the same. */
export function previousPort(file: string): number | null {
  try {
    return Number(new URL((JSON.parse(readFileSync(file, 'utf8')) as { url: string }).url).port) || null;
  } catch {
    return null; // There was none, or it ended in order.
  }
}

/** Only this user may read it: it holds the token. */
export const writeDaemonFile = (files: FileSystem, file: string, content: DaemonFile): Promise<void> =>
  files.writeAtomic(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
