/** What kind of installation the running program belongs to. Told by what lies around it, never by a setting. */
import { accessSync, constants, existsSync, lstatSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Installation } from '../../contract/updater.ts';
import type { HostFacts } from '../../core/system/system.ts';
import { installLayoutOf, VERSIONS_FOLDER, type InstallLayout } from '../../core/updater/install-layout.ts';

export interface InstalledAs {
  readonly kind: Installation;
  /** Folder of the package: dist/ lies in it. */
  readonly root: string;
  /** Of a headless installation; null for all others. */
  readonly install: InstallLayout | null;
}

/**
 * @param root real path of the folder that holds dist/
 * @param isElectron true: the program runs inside the app's own binary
 */
export function detectInstallation(root: string, isElectron: boolean): InstalledAs {
  const as = (kind: Installation): InstalledAs => ({ kind, root, install: null });
  // A checkout that is tried out in Electron is still a checkout.
  if (existsSync(join(root, 'daemon', 'main.ts'))) return as('checkout');
  if (isElectron) return as('app');
  const install = installLayoutOf(dirname(dirname(root)));
  if (basename(dirname(root)) === VERSIONS_FOLDER && isLink(install.current))
    return { kind: 'headless', root, install };
  return as(basename(dirname(root)) === 'node_modules' ? 'npm' : 'folder');
}

/** Whether this user may put versions into the installation and switch between them. */
export function canChange(install: InstallLayout): boolean {
  try {
    for (const folder of [install.folder, install.versions]) accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false; // The answer to the question, whatever the reason.
  }
}

/**
 * How the name of the installer ends that can replace this app. electron-builder writes the kind of a Linux package beside the app; an
 * AppImage has none.
 *
 * @param root as {@link InstalledAs.root}: `resources/app.asar.unpacked` of a package
 */
export function installerEnding(root: string, { os, environment }: Pick<HostFacts, 'os' | 'environment'>): string {
  if (os !== 'linux') return os === 'darwin' ? '.zip' : '.exe';
  if (environment['APPIMAGE'] !== undefined) return '.AppImage';
  try {
    return `.${readFileSync(join(dirname(root), 'package-type'), 'utf8').trim()}`;
  } catch {
    return '.AppImage'; // No other package is without it.
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
