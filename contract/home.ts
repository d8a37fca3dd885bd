/** Where Kojibox keeps everything, and where in it clients find the daemon. Fixed points that scripts may rely on. */

export interface HomeFacts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** As Node names it: linux, darwin, win32. */
  readonly platform: string;
  readonly isRoot: boolean;
  readonly userHome: string;
}

/**
 * KOJIBOX_HOME, else the place the system has for application data: XDG Base Directory (Linux), Application Support (macOS),
 * LOCALAPPDATA (Windows); `/var/lib/kojibox` for root.
 */
export function resolveHome({ environment, platform, isRoot, userHome }: HomeFacts): string {
  const chosen = environment['KOJIBOX_HOME'];
  if (chosen !== undefined && chosen !== '') return chosen;
  if (platform === 'win32') return `${environment['LOCALAPPDATA'] ?? `${userHome}\\AppData\\Local`}\\Kojibox`;
  if (isRoot) return '/var/lib/kojibox';
  if (platform === 'darwin') return `${userHome}/Library/Application Support/Kojibox`;
  return `${environment['XDG_DATA_HOME'] || `${userHome}/.local/share`}/kojibox`;
}

/** @param home absolute; the separator of this system is taken from it */
export function daemonFileIn(home: string): string {
  const separator = home.includes('\\') ? '\\' : '/';
  return [home, 'app', 'daemon.json'].join(separator);
}

/** Beside the home, because the home itself is what is moved. All of one user: nobody else may write there. */
export interface MovePaths {
  /** Exists while the data is being moved. */
  readonly journal: string;
  /** Held by whoever works on the journal. */
  readonly lock: string;
  /** The former folder, between the switch and the moment in which the new one is known to work. */
  readonly before: string;
}

/** @param home absolute */
export const movePathsOf = (home: string): MovePaths => ({
  journal: `${home}.move.json`,
  lock: `${home}.move.lock`,
  before: `${home}.before-move`,
});
