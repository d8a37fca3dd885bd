/** Opens the UI: Electron if its binary is there, else a Chromium-family browser as an app window, else the link. Never waits, never fails. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { distFolder, homeFolder } from './daemon-process.ts';
import type { PageLink } from './page-link.ts';

export interface OpenedWindow {
  readonly opened: boolean;
  /** For people: what was opened, or why not, with the link. */
  readonly message: string;
}

const BROWSERS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'brave-browser',
  'microsoft-edge',
  'vivaldi',
];

/**
 * The window shows one page of this machine in a profile of its own: nothing of a browser that fetches, synchronises or updates is
 * wanted there, and without it the window is painted a third sooner.
 */
const WINDOW_FLAGS = [
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-component-extensions-with-background-pages',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--disable-features=Translate,MediaRouter,OptimizationHints',
  '--no-pings',
];

/**
 * Who runs the browser: this user; the one who called sudo; or none, because a browser of root has no sandbox: whatever a page does to it is
 * done by root.
 */
export type BrowserUser = 'own' | 'none' | { readonly sudoUid: number };

export function browserUser(
  uid: number | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): BrowserUser {
  if (uid !== 0) return 'own';
  const sudoUid = Number(environment['SUDO_UID'] ?? 0);
  return Number.isInteger(sudoUid) && sudoUid > 0 ? { sudoUid } : 'none';
}

/** @param kind `app`: a window of its own; `tab`: the user's browser */
export async function openWindow(
  link: PageLink,
  kind: 'app' | 'tab',
  user: BrowserUser = browserUser(process.getuid?.(), process.env),
): Promise<OpenedWindow> {
  const { opened, shown } = link;
  if (user === 'none')
    return { opened: false, message: `No browser is started as root, where it has no sandbox; open ${shown}` };
  if (user !== 'own') return openAs(user.sudoUid, link, kind);
  if (!hasDisplay()) return { opened: false, message: `No display here; open ${shown}` };
  if (kind === 'app') {
    const electron = electronApp();
    if (electron !== null && (await launch(electron.binary, electron.args)))
      return { opened: true, message: 'The Kojibox window is open.' };
    for (const browser of browsersOnPath()) {
      const profile = `--user-data-dir=${join(homeFolder(), 'app', 'cache', 'window')}`;
      if (await launch(browser, [`--app=${opened}`, profile, ...WINDOW_FLAGS])) {
        return {
          opened: true,
          message: `Electron's binary is not here, so the window is ${browser.split('/').at(-1)}.`,
        };
      }
    }
  }
  const opener = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
  if (await launch(opener, [opened])) return { opened: true, message: `Opened ${shown}` };
  return { opened: false, message: `No browser was found; open ${shown}` };
}

/** Root needs no password for sudo(8), which gives the other user's home and groups. The profile in Kojibox's home is closed to that user. */
async function openAs(uid: number, { opened, shown }: PageLink, kind: 'app' | 'tab'): Promise<OpenedWindow> {
  if (!hasDisplay()) return { opened: false, message: `No display here; open ${shown}` };
  const as = ['-H', '-u', `#${uid}`, '--'];
  const [browser] = kind === 'app' ? browsersOnPath() : [];
  const command = browser === undefined ? ['xdg-open', opened] : [browser, `--app=${opened}`];
  if (await launch('sudo', [...as, ...command])) return { opened: true, message: `Opened ${shown}` };
  return { opened: false, message: `No browser was found; open ${shown}` };
}

function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
}

/** The desktop app that this `koji` belongs to, or Electron's binary beside a checkout. */
function electronApp(): { binary: string; args: string[] } | null {
  if (process.versions['electron'] !== undefined) return isWholeApp() ? { binary: process.execPath, args: [] } : null;
  const binary = electronBinary();
  return binary === null ? null : { binary, args: [dirname(distFolder)] };
}

/** What an AppImage leaves in the home for the daemon has no resources for a window. Only Linux has AppImages. */
const isWholeApp = (): boolean =>
  process.platform !== 'linux' || existsSync(join(dirname(process.execPath), 'resources.pak'));

function electronBinary(): string | null {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
    const name =
      process.platform === 'win32'
        ? 'electron.exe'
        : process.platform === 'darwin'
          ? 'Electron.app/Contents/MacOS/Electron'
          : 'electron';
    const file = join(folder, 'dist', name);
    return existsSync(file) ? file : null;
  } catch {
    return null; // The package is not installed (headless install); the browser is next.
  }
}

function browsersOnPath(): string[] {
  return BROWSERS.flatMap((name) =>
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, name))
      .filter((file) => isExecutable(file))
      .slice(0, 1),
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // Not there: the next candidate is tried.
  }
}

/** True when it is still running (or ended well) after 400 ms. */
function launch(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((answer) => {
    const child = spawn(command, args, {
      detached: true,
      stdio: 'ignore',
      // Set where `koji` is the desktop app's own binary: the app would be a bare Node.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: undefined },
    });
    const timer = setTimeout(() => answer(true), 400);
    child.on('error', () => {
      clearTimeout(timer);
      answer(false);
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      answer(code === 0);
    });
    child.unref();
  });
}
