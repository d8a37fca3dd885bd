/** How clients find this daemon, and what they show it: daemon.json and the token. */
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import type { DaemonFile } from '../contract/daemon.ts';
import type { Layout } from '../core/layout.ts';
import type { FileSystem } from '../core/system/files.ts';

/** 192 bits, other ones at each start of the daemon: a stolen one is of no use after it. */
export const newToken = (): string => randomBytes(24).toString('hex');

/** User ids whose programs and browsers may come in. Root can read everything anyway; who called sudo is the one who sits at the screen. */
export const pageOwners = (): number[] => [0, process.getuid?.() ?? 0, Number(process.env['SUDO_UID'] ?? 0) || 0];

/**
 * The secret from which links and the sessions of pages are derived. It is kept, so that an open page survives a restart; it never leaves
 * this machine's disk and the daemon. Rejects when it cannot be written.
 */
export async function readPageSecret(files: FileSystem, { pageSecret, token }: Layout): Promise<string> {
  // Of a version that kept its token.
  rmSync(token, { force: true });
  const known = (await files.readText(pageSecret))?.trim() ?? '';
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const secret = randomBytes(32).toString('hex');
  await files.writeAtomic(pageSecret, secret, { mode: 0o600 });
  return secret;
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
