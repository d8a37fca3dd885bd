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

/** The order of things; the real electron-updater is driven in tests/integration/app-updater.test.ts. */
function setUp(found: string | null | Error, refusal: string | null = null) {
  const updater = {
    autoDownload: true,
    autoInstallOnAppQuit: true,
    allowDowngrade: true,
    channel: '',
    setFeedURL: vi.fn(),
    checkForUpdates: vi.fn(() =>
      found instanceof Error
        ? Promise.reject(found)
        : Promise.resolve(found === null ? null : { isUpdateAvailable: true, updateInfo: { version: found } }),
    ),
    downloadUpdate: vi.fn(() => Promise.resolve(['/nowhere/kojibox.AppImage'])),
  };
  const [ready, failed, install] = [vi.fn(), vi.fn(), vi.fn()];
  const load = vi.fn(() => Promise.resolve(updater as unknown as AppUpdater));
  const digest = vi.fn(() => Promise.resolve('a'.repeat(64)));
  const watch = watchUpdates({ load, digest, refusal: () => refusal, install, ready, failed });
  return { updater, ready, failed, load, install, watch };
}

describe('handing an update over', () => {
  it('fetches exactly the version that the signed feed has, once, and puts it in place at the end', async () => {
    const { updater, ready, failed, install, watch } = setUp('1.1.0');
    watch.offered(handover('1.1.0'));
    watch.offered(handover('1.1.0'));
    watch.install();
    expect(install).not.toHaveBeenCalled();
    await settle();
    watch.offered(handover('1.1.0'));
    await settle();
    expect(updater.downloadUpdate).toHaveBeenCalledTimes(1);
    // What electron-updater would do at the end by itself, it would do to bytes that no one looked at.
    expect(updater).toMatchObject({ autoDownload: false, allowDowngrade: false, autoInstallOnAppQuit: false });
    expect(ready).toHaveBeenCalledExactlyOnceWith('1.1.0');
    expect(updater.setFeedURL).toHaveBeenCalledWith({ provider: 'generic', url: 'https://example.test/app/' });
    watch.install();
    watch.install();
    expect(install).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ file: '/nowhere/kojibox.AppImage' }));
    expect(failed).not.toHaveBeenCalled();
  });

  it('puts nothing in place whose bytes are not those that the signed feed names', async () => {
    const { ready, failed, install, watch } = setUp('1.1.0');
    watch.offered(handover('1.1.0', 'b'.repeat(64)));
    await settle();
    watch.install();
    expect(install).not.toHaveBeenCalled();
    expect(ready).not.toHaveBeenCalled();
    expect(failed).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('not the one that the signed feed names'));
  });

  it('puts nothing in place while another version is fetched, which may have emptied the folder', async () => {
    const { install, watch } = setUp('1.1.0');
    watch.offered(handover('1.1.0'));
    await settle();
    watch.offered(handover('1.2.0', 'c'.repeat(64)));
    watch.install();
    expect(install).not.toHaveBeenCalled();
    await settle();
  });

  it('fetches nothing else, and nothing that could not be put in place', async () => {
    const other = setUp('6.6.6');
    other.watch.offered(handover('1.1.0'));
    await settle();
    expect(other.updater.downloadUpdate).not.toHaveBeenCalled();
    expect(other.failed).toHaveBeenCalledExactlyOnceWith('the feed of the app has 6.6.6, the signed one 1.1.0');

    const refused = setUp('1.1.0', '/opt belongs to another user');
    refused.watch.offered(handover('1.1.0'));
    await settle();
    expect(refused.load).not.toHaveBeenCalled();
    expect(refused.failed).toHaveBeenCalledExactlyOnceWith('/opt belongs to another user');
  });

  it('says why it could not be put in place', async () => {
    const { failed, install, watch } = setUp('1.1.0');
    install.mockImplementation(() => {
      throw new Error('disk full');
    });
    watch.offered(handover('1.1.0'));
    await settle();
    watch.install();
    expect(failed).toHaveBeenCalledExactlyOnceWith('disk full');
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
