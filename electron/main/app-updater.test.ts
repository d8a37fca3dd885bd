import type { AppUpdater } from 'electron-updater';
import { describe, expect, it, vi } from 'vitest';
import { watchUpdates } from './app-updater.ts';

const handover = (version: string, sha256 = 'a'.repeat(64)) => ({
  version,
  channel: 'stable' as const,
  url: `https://example.test/app/kojibox-${version}-linux-x64.AppImage`,
  sha256,
  sizeBytes: 1,
});
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What the shell uses of electron-updater, which needs Electron to run. */
function setUp(found: string | null | Error) {
  const updater = {
    autoDownload: true,
    autoInstallOnAppQuit: true,
    allowDowngrade: true,
    channel: '',
    setFeedURL: vi.fn(),
    checkForUpdates: vi.fn(() =>
      found instanceof Error
        ? Promise.reject(found)
        : Promise.resolve(found === null ? null : { updateInfo: { version: found } }),
    ),
    downloadUpdate: vi.fn(() => Promise.resolve(['/cache/kojibox.AppImage'])),
  };
  const [ready, failed] = [vi.fn(), vi.fn()];
  const load = vi.fn(() => Promise.resolve(updater as unknown as AppUpdater));
  const digest = vi.fn(() => Promise.resolve('a'.repeat(64)));
  return { updater, ready, failed, load, watch: watchUpdates({ load, digest, ready, failed }) };
}

describe('handing an update over', () => {
  it('fetches exactly the version that the signed feed has, and puts it in place at the end', async () => {
    const { updater, ready, failed, watch } = setUp('1.1.0');
    watch.offered(handover('1.1.0'));
    watch.offered(handover('1.1.0'));
    await settle();
    expect(updater.downloadUpdate).toHaveBeenCalledTimes(1);
    expect(updater).toMatchObject({ autoDownload: false, allowDowngrade: false, autoInstallOnAppQuit: true });
    expect(ready).toHaveBeenCalledExactlyOnceWith('1.1.0');
    expect(failed).not.toHaveBeenCalled();
    expect(updater.setFeedURL).toHaveBeenCalledWith({ provider: 'generic', url: 'https://example.test/app/' });
  });

  it('puts nothing in place whose bytes are not those that the signed feed names', async () => {
    const { updater, ready, failed, watch } = setUp('1.1.0');
    watch.offered(handover('1.1.0', 'b'.repeat(64)));
    await settle();
    expect(updater.autoInstallOnAppQuit).toBe(false);
    expect(ready).not.toHaveBeenCalled();
    expect(failed).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('not the one that the signed feed names'));
  });

  it('fetches nothing else', async () => {
    const { updater, ready, failed, watch } = setUp('6.6.6');
    watch.offered(handover('1.1.0'));
    await settle();
    expect(updater.downloadUpdate).not.toHaveBeenCalled();
    expect(updater.autoInstallOnAppQuit).toBe(false);
    expect(ready).not.toHaveBeenCalled();
    expect(failed).toHaveBeenCalledExactlyOnceWith('the feed of the app has 6.6.6, the signed one 1.1.0');
  });

  it.each([null, new Error('no network')])(
    'says when there is none (%s), and tries again at the next offer',
    async (found) => {
      const { failed, load, watch } = setUp(found);
      watch.offered(handover('1.1.0'));
      await settle();
      watch.offered(handover('1.1.0'));
      await settle();
      expect(load).toHaveBeenCalledTimes(2);
      expect(failed).toHaveBeenCalledTimes(2);
    },
  );
});
