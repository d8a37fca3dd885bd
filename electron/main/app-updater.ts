/**
 * Updates of the packaged app. The daemon has asked the signed feed which version there is, and what its installer's digest is;
 * electron-updater only fetches and installs it, and nothing but exactly those bytes.
 */
import type { AppUpdater } from 'electron-updater';
import type { UpdateHandover } from '../../contract/updater.ts';

export interface UpdateWatch {
  /** What the signed feed has for this app. */
  offered(handover: UpdateHandover): void;
}

/**
 * @param load brings electron-updater, which is needed only now
 * @param digest SHA-256 of a file, lower-case hex
 * @param ready told once it is downloaded; it is put in place when the app quits
 * @param failed told why nothing came of it; the next offer tries again
 */
export function watchUpdates(options: {
  readonly load: () => Promise<AppUpdater>;
  readonly digest: (file: string) => Promise<string>;
  readonly ready: (version: string) => void;
  readonly failed: (reason: string) => void;
}): UpdateWatch {
  const { load, digest, ready, failed } = options;
  let working = false;

  const fetchVersion = async ({ version, url, channel, sha256 }: UpdateHandover): Promise<void> => {
    const updater = await load();
    // The folder of the installer has the files that electron-updater reads.
    updater.setFeedURL({ provider: 'generic', url: new URL('.', url).href });
    // Before allowDowngrade: setting it would allow one.
    updater.channel = channel === 'beta' ? 'beta' : 'latest';
    updater.autoDownload = false;
    updater.autoInstallOnAppQuit = false;
    updater.allowDowngrade = false;
    const found = await updater.checkForUpdates();
    if (found === null) throw new Error('this build has no update feed');
    if (found.updateInfo.version !== version)
      throw new Error(`the feed of the app has ${found.updateInfo.version}, the signed one ${version}`);
    const [file] = await updater.downloadUpdate();
    // What electron-updater compares it with was not signed by us.
    if (file === undefined || (await digest(file)) !== sha256)
      throw new Error(`the installer of ${version} is not the one that the signed feed names`);
    updater.autoInstallOnAppQuit = true;
  };

  return {
    offered(handover) {
      if (working) return;
      working = true;
      fetchVersion(handover)
        .then(() => ready(handover.version))
        .catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)))
        .finally(() => (working = false));
    },
  };
}
