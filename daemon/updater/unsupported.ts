/** Installations that Kojibox must not change, and what updates each. */
import { KojiboxError } from '../../contract/errors.ts';
import type { InstalledAs } from './installation.ts';

const REASONS: Readonly<Record<string, readonly [detail: string, remedy: string]>> = {
  checkout: ['this Kojibox runs from a checkout of its source', 'Run: git pull && npm start'],
  npm: [
    'npm installed this Kojibox, and keeps a record of its files',
    'Run: koji quit --keep-services && npm install --global PACKAGE.tgz (see docs/how-to/update.md)',
  ],
  app: ['the desktop app is changed by its own updater', 'Use "Look for updates" in the app.'],
  folder: [
    'this Kojibox was unpacked into a plain folder, where an old and a new version cannot lie beside each other',
    'Unpack the headless archive as docs/how-to/update.md says; later updates then come by themselves.',
  ],
};

export function refuseInstallation({ kind, root }: InstalledAs, version: string): KojiboxError {
  const [detail, remedy] = REASONS[kind] ?? [`${root} is not an installation that Kojibox knows`, undefined];
  return new KojiboxError('UPDATE_UNSUPPORTED', `cannot update to ${version}`, {
    detail: `${detail} (${root})`,
    source: 'updater',
    ...(remedy === undefined ? {} : { remedy }),
  });
}
