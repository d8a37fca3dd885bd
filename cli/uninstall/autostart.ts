/** The app's own entry in the autostart folder of the session (freedesktop.org, Desktop Application Autostart Specification). */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readFileSync, rmSync } from 'node:fs';
import type { Place } from '../../contract/system-changes.ts';

/** A file with this line was written by the app. */
const MARK = 'X-Kojibox-Autostart=true';

export const autostartPlace = (): Place => {
  const path = join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'autostart', 'kojibox.desktop');
  return { id: 'autostart', label: 'autostart', path, check: { kind: 'without-text', text: MARK }, cure: `rm ${path}` };
};

/** Removes it, unless someone else wrote it. */
export function removeAutostart(): void {
  const { path } = autostartPlace();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return; // There is none.
  }
  if (text.includes(MARK)) rmSync(path, { force: true });
}
