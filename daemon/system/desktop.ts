/** Opens a folder in what this desktop has for it: its file manager, a terminal, an editor. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';

export type Opener = 'folder' | 'terminal' | 'editor';
type Environment = Readonly<Record<string, string | undefined>>;

/** In the order of trying; `%` stands for the folder, and without it the program is started in the folder. */
const CANDIDATES: Readonly<Record<Opener, Readonly<Record<string, readonly (readonly string[])[]>>>> = {
  folder: { linux: [['xdg-open', '%']], darwin: [['open', '%']], win32: [['explorer', '%']] },
  terminal: {
    linux: [
      ['x-terminal-emulator'],
      ['gnome-terminal'],
      ['konsole'],
      ['xfce4-terminal'],
      ['alacritty'],
      ['kitty'],
      ['xterm'],
    ],
    darwin: [['open', '-a', 'Terminal', '%']],
    win32: [
      ['wt', '-d', '%'],
      ['cmd', '/c', 'start', 'cmd'],
    ],
  },
  editor: {
    linux: [
      ['code', '%'],
      ['codium', '%'],
      ['phpstorm', '%'],
      ['webstorm', '%'],
      ['zed', '%'],
      ['subl', '%'],
      ['gedit', '%'],
    ],
    darwin: [
      ['code', '%'],
      ['phpstorm', '%'],
      ['zed', '%'],
      ['subl', '%'],
      ['open', '-t', '%'],
    ],
    win32: [
      ['code', '%'],
      ['phpstorm', '%'],
      ['notepad', '%'],
    ],
  },
};

/** Rejects with UNAVAILABLE where there is no display, or none of the programs. */
export async function openFolder(
  what: Opener,
  folder: string,
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<void> {
  const unavailable = (detail: string): KojiboxError =>
    new KojiboxError('UNAVAILABLE', `cannot open ${folder}`, {
      detail,
      source: 'projects',
      remedy: `Go there in a terminal: cd '${folder}'`,
    });
  if (platform === 'linux' && !environment['DISPLAY'] && !environment['WAYLAND_DISPLAY'])
    throw unavailable('the daemon was started without a display');
  const candidates = CANDIDATES[what][platform] ?? [];
  const found = candidates
    .map(([program = '', ...args]) => ({ file: onPath(program, environment), args }))
    .find(({ file }) => file !== null);
  if (found?.file === null || found?.file === undefined)
    throw unavailable(`none of these is installed: ${candidates.map(([program]) => program).join(', ')}`);
  const { file, args } = found;
  await new Promise<void>((resolve, reject) => {
    const child = spawn(
      file,
      args.map((part) => (part === '%' ? folder : part)),
      { cwd: folder, detached: true, stdio: 'ignore', env: forOthers(environment) },
    );
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
    child.once('error', (error) => reject(unavailable(error.message)));
  });
}

/** In the desktop app the daemon has this one set; an editor built on Electron, or one started in that terminal, would be a bare Node. */
const forOthers = (environment: Environment): Environment => ({ ...environment, ELECTRON_RUN_AS_NODE: undefined });

function onPath(program: string, environment: Environment): string | null {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue; // Not here; the next folder may have it.
    }
  }
  return null;
}
