/**
 * Updates of the packaged app. The daemon has asked the signed feed which version there is; electron-updater only fetches and installs
 * it, and nothing but exactly that version.
 */
import type { AppUpdater } from 'electron-updater';

export interface UpdateWatch {
  /** The daemon's event `update:available`: its signature was checked. */
  offered(version: string): void;
}

/**
 * @param load brings electron-updater, which is needed only now
 * @param ready told once it is downloaded; it is put in place when the app quits
 * @param failed told why nothing came of it; the next offer tries again
 */
export function watchUpdates(options: {
  readonly load: () => Promise<AppUpdater>;
  readonly ready: (version: string) => void;
  readonly failed: (reason: string) => void;
}): UpdateWatch {
  const { load, ready, failed } = options;
  let working = false;

  const fetchVersion = async (version: string): Promise<void> => {
    const updater = await load();
    updater.autoDownload = false;
    updater.autoInstallOnAppQuit = false;
    updater.allowDowngrade = false;
    const found = await updater.checkForUpdates();
    if (found === null) throw new Error('this build has no update feed');
    if (found.updateInfo.version !== version)
      throw new Error(`the feed of the app has ${found.updateInfo.version}, the signed one ${version}`);
    await updater.downloadUpdate();
    updater.autoInstallOnAppQuit = true;
  };

  return {
    offered(version) {
      if (working) return;
      working = true;
      fetchVersion(version)
        .then(() => ready(version))
        .catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)))
        .finally(() => (working = false));
    },
  };
}
