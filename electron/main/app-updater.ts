/**
 * Updates of the packaged app. The daemon has asked the signed feed which version there is, and what its installer's digest is;
 * electron-updater only fetches it. It is installed when the app quits, after its bytes were looked at again.
 */
import { rmSync } from 'node:fs';
import type { AppUpdater } from 'electron-updater';
import type { UpdateHandover } from '../../contract/updater.ts';

export interface UpdateWatch {
  /** What the signed feed has for this app. */
  offered(handover: UpdateHandover): void;
  /** To be called when the app quits in order; does nothing when no update was fetched. Synchronous, because nothing else is waited for then. */
  install(): void;
}

/** An installer whose bytes were those that the signed feed names, when it was fetched. */
export interface FetchedInstaller<U> {
  readonly updater: U;
  readonly file: string;
  readonly version: string;
  /** SHA-256, lower-case hex. */
  readonly sha256: string;
}

/**
 * @param load brings electron-updater, which is needed only now
 * @param digest SHA-256 of a file, lower-case hex
 * @param refusal why nothing could be put in place here; null: it could
 * @param install puts it in place; throws when its bytes are others now
 * @param ready told once it is downloaded; it is put in place when the app quits
 * @param failed told why nothing came of it; the next offer tries again
 */
export function watchUpdates<U extends AppUpdater>(options: {
  readonly load: () => Promise<U>;
  readonly digest: (file: string) => Promise<string>;
  readonly refusal: () => string | null;
  readonly install: (fetched: FetchedInstaller<U>) => void;
  readonly ready: (version: string) => void;
  readonly failed: (reason: string) => void;
}): UpdateWatch {
  const { load, digest, ready, failed } = options;
  let working = false;
  let fetched: FetchedInstaller<U> | null = null;

  const fetchVersion = async ({ version, url, channel, sha256 }: UpdateHandover): Promise<void> => {
    const refused = options.refusal();
    if (refused !== null) throw new Error(refused);
    // Its folder is emptied by what follows.
    fetched = null;
    const updater = await load();
    // electron-updater puts in place whatever it has fetched last; here that is done below, for what was looked at.
    updater.autoDownload = false;
    updater.autoInstallOnAppQuit = false;
    // The folder of the installer has the files that electron-updater reads.
    updater.setFeedURL({ provider: 'generic', url: new URL('.', url).href });
    // Before allowDowngrade: setting it would allow one.
    updater.channel = channel === 'beta' ? 'beta' : 'latest';
    updater.allowDowngrade = false;
    const found = await updater.checkForUpdates();
    if (found === null) throw new Error('this app does not run from a package that can be replaced');
    if (found.updateInfo.version !== version)
      throw new Error(`the feed of the app has ${found.updateInfo.version}, the signed one ${version}`);
    if (!found.isUpdateAvailable) throw new Error(`${version} is not newer than this app, or not for this system`);
    const [file] = await updater.downloadUpdate();
    // What electron-updater compares it with was not signed by us.
    if (file === undefined || (await digest(file)) !== sha256) {
      if (file !== undefined) rmSync(file, { force: true });
      throw new Error(`the installer of ${version} is not the one that the signed feed names`);
    }
    fetched = { updater, file, version, sha256 };
  };

  return {
    offered(handover) {
      if (working || fetched?.sha256 === handover.sha256) return;
      working = true;
      fetchVersion(handover)
        .then(() => ready(handover.version))
        .catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)))
        .finally(() => (working = false));
    },

    install() {
      const mine = fetched;
      fetched = null;
      if (mine === null) return;
      try {
        options.install(mine);
      } catch (error) {
        failed(error instanceof Error ? error.message : String(error));
      }
    },
  };
}
