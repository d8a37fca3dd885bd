/** Where the daemon's program lies, in a place that stays when the app is closed. */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface ProgramFolder {
  /** Runs as Node with ELECTRON_RUN_AS_NODE. */
  readonly binary: string;
  /** dist/ with the daemon, the edge and the command line as plain files. */
  readonly dist: string;
}

/** What a window needs and a Node does not; a third of the size. */
const WINDOW_ONLY =
  /^(locales|.*\.pak|LICENSES\.chromium\.html|chrome-sandbox|chrome_crashpad_handler|libvk_swiftshader\.so|libvulkan\.so\.1)$/;

/** In the packaged app the archive is for the window; the programs lie beside it as files. @param dist as the main process sees it */
export const unpackedDist = (dist: string): string => dist.replace(/\bapp\.asar(?=[\\/])/, 'app.asar.unpacked');

/**
 * An AppImage is mounted only while it runs, and the daemon and the edge must go on after that. So their part of it is copied into the
 * home, once per version: staged and renamed, so that half a copy is never used.
 *
 * @param appFolder the mounted folder with the binary; @param home KOJIBOX_HOME
 */
export function keepOutsideOfMount(
  { binary, dist }: ProgramFolder,
  appFolder: string,
  home: string,
  version: string,
): ProgramFolder {
  const all = join(home, 'app', 'shell');
  const target = join(all, version);
  const moved = (path: string): string => join(target, path.slice(appFolder.length));
  if (!existsSync(target)) {
    const staging = join(all, `.${version}.${process.pid}`);
    mkdirSync(all, { recursive: true });
    for (const leftover of readdirSync(all).filter((name) => name.startsWith('.')))
      rmSync(join(all, leftover), { recursive: true, force: true });
    cpSync(appFolder, staging, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => dirname(path) !== appFolder || !WINDOW_ONLY.test(basename(path)),
    });
    renameSync(staging, target);
    // One that is still running continues from the files it has open.
    for (const old of readdirSync(all).filter((name) => name !== version))
      rmSync(join(all, old), { recursive: true, force: true });
  }
  return { binary: moved(binary), dist: moved(dist) };
}
