import { describe, expect, it } from 'vitest';
import { daemonEnvironment } from './daemon-environment.ts';

describe('the environment of the daemon', () => {
  it('has nothing of the mounted AppImage, which is gone when the app is closed', () => {
    const mount = '/tmp/.mount_KojiboAbC123';
    const environment = daemonEnvironment({
      APPDIR: mount,
      APPIMAGE: '/home/anne/Kojibox.AppImage',
      OWD: '/home/anne',
      PATH: `${mount}:${mount}/usr/sbin:/usr/bin:/bin`,
      LD_LIBRARY_PATH: `${mount}/usr/lib`,
      XDG_DATA_DIRS: `${mount}/usr/share/::/usr/share/`,
      LANG: 'de_DE.UTF-8',
    });
    expect(JSON.stringify(environment)).not.toContain('.mount_');
    expect(environment).toMatchObject({
      PATH: '/usr/bin:/bin',
      XDG_DATA_DIRS: '/usr/share/',
      LANG: 'de_DE.UTF-8',
      ELECTRON_RUN_AS_NODE: '1',
    });
    expect(environment['LD_LIBRARY_PATH']).toBeUndefined();
  });

  it('keeps the lists as they are elsewhere, and folders whose names only begin the same', () => {
    const given = { PATH: '/usr/bin::/opt/x', LD_LIBRARY_PATH: '/opt/cuda' };
    expect(daemonEnvironment(given)).toMatchObject(given);
    expect(daemonEnvironment({ APPDIR: '/opt/a', PATH: '/opt/ab:/opt/a' })['PATH']).toBe('/opt/ab');
  });
});
