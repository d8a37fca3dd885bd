/**
 * Starting with the session on Linux: an entry in the user's autostart folder (freedesktop.org, Desktop Application Autostart
 * Specification). macOS and Windows have a call of their own for it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file with this line is ours to change and to remove. */
const MARK = 'X-Kojibox-Autostart=true';

/** @param environment of the session; @param userHome absolute */
export const autostartFile = (environment: Readonly<Record<string, string | undefined>>, userHome: string): string =>
  join(environment['XDG_CONFIG_HOME'] || join(userHome, '.config'), 'autostart', 'kojibox.desktop');

/** @param program absolute path of the app: of the AppImage itself where it is one */
export function autostartEntry(program: string): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Kojibox',
    'Comment=The local stack for web developers',
    `Exec=${quote(program)} --hidden`,
    // An entry whose program was removed is passed over without an error. No quotes here: it is a path, not a command line.
    `TryExec=${program.replaceAll('\\', '\\\\')}`,
    'Icon=kojibox',
    'Terminal=false',
    MARK,
    '',
  ].join('\n');
}

/**
 * Makes the file say what is wanted; does nothing when it does already, and never touches a file that someone else wrote.
 *
 * @returns whether it was changed
 */
export function applyAutostart(file: string, program: string, wanted: boolean): boolean {
  const present = readText(file);
  if (present !== null && !present.includes(MARK)) return false;
  if (!wanted) {
    if (present !== null) rmSync(file, { force: true });
    return present !== null;
  }
  const entry = autostartEntry(program);
  if (present === entry) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, entry, { mode: 0o644 });
  return true;
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // There is none.
  }
}

/** Desktop Entry Specification, "The Exec key": quoted, with `"` `` ` `` `$` `\` escaped twice over, and a percent sign doubled. */
const quote = (argument: string): string =>
  `"${argument.replaceAll(/["`$\\]/g, (character) => `\\\\${character === '\\' ? '\\\\' : character}`).replaceAll('%', '%%')}"`;
