import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DaemonInfo } from '../../contract/daemon.ts';
import type { SecretKeyStatus } from '../../contract/secret-key.ts';
import type { SystemChange } from '../../contract/system-changes.ts';
import { atMost } from '../figures.ts';
import { APP, createRoom, USER, whyNoRoom, type Ended, type Room } from './privileged-room.ts';

const BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/tmp/session-bus' };
const missing = whyNoRoom();
if (missing !== null) console.warn(`SKIPPED: a real Secret Service is not run: ${missing}`);

describe.skipIf(missing !== null)('the key of the secrets and a real Secret Service (GNOME Keyring)', () => {
  let room: Room;
  const config = `/home/${USER.name}/.local/share/kojibox/app/config`;
  const secret = { key: 'api-key', scope: 'app' };

  const koji = (session: boolean, ...args: string[]): Promise<Ended> =>
    room.run([`${APP}/koji`, ...args], { user: true, env: session ? BUS : {} });
  const call = async <T>(session: boolean, method: string, params: unknown = {}): Promise<T> => {
    const ended = await koji(session, 'call', method, JSON.stringify(params));
    if (ended.code !== 0) throw new Error(ended.stderr + ended.stdout);
    return JSON.parse(ended.stdout) as T;
  };
  const quit = async (): Promise<void> => expect(await koji(false, 'quit')).toMatchObject({ code: 0 });
  const hasKeyFile = async (): Promise<boolean> => (await room.run(['test', '-e', `${config}/secrets.key`])).code === 0;
  const errorOf = async (session: boolean, method: string, params: unknown): Promise<unknown> => {
    const ended = await koji(session, 'call', method, JSON.stringify(params), '--json');
    return (JSON.parse(ended.stdout) as { error?: unknown }).error;
  };
  /** The move happens after the start of the daemon, in the background. */
  const untilIn = async (place: SecretKeyStatus['place']): Promise<SecretKeyStatus> => {
    for (let tries = 0; ; tries++) {
      const status = await call<SecretKeyStatus>(true, 'secrets.status');
      if (status.place === place || tries === 100) return status;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const startSession = (unlock: boolean): Promise<string> =>
    room.sh(
      `dbus-daemon --session --fork --nopidfile --address=${BUS.DBUS_SESSION_BUS_ADDRESS}
       ${unlock ? "printf '\\n' | gnome-keyring-daemon --unlock --components=secrets --daemonize" : 'gnome-keyring-daemon --start --components=secrets'} >/dev/null 2>&1`,
      { user: true, env: BUS },
    );
  const endSession = (): Promise<string> =>
    room.sh(
      "pkill -x gnome-keyring-d; pkill -x dbus-daemon; while ps axo stat=,comm= | grep -v '^Z' | grep -qE 'gnome-keyring-d|dbus-daemon'; do sleep 0.1; done; rm -f /tmp/session-bus",
    );

  beforeAll(async () => {
    room = await createRoom(['gnome-keyring', 'dbus', 'libsecret-tools']);
  });
  afterAll(() => room?.remove());

  it('is in a file of mode 0600 without a desktop session, and that is decided at once', async () => {
    await call(false, 'secrets.set', { ...secret, value: 'of great value' });
    expect(await call(false, 'secrets.status')).toEqual({
      place: 'file',
      usable: true,
      keychain: 'Secret Service',
      reason: 'there is no desktop session (no D-Bus)',
      count: 1,
    });
    expect(await room.sh(`stat -c %a ${config}/secrets.key`)).toBe('600\n');
    const log = readFileSync(room.path(`${config}/../logs/daemon.log`), 'utf8');
    const at = (text: string): number => {
      const line = log.split('\n').find((candidate) => candidate.includes(text)) ?? '';
      return Date.parse(/\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line)?.[0] ?? '');
    };
    // Without a session nothing is asked at all; somebody who waits for a bus would wait for seconds.
    expect(at('key of the secrets') - at('"ready"')).toBeLessThan(atMost(2000));
    await quit();
  });

  it('moves into the keychain when one answers; the file is gone and the secret is there, after a restart too', async () => {
    await startSession(true);
    const before = await call<DaemonInfo>(false, 'daemon.info');
    await quit();
    expect(await call(true, 'secrets.get', secret)).toBe('of great value');
    expect(await untilIn('keychain')).toMatchObject({ place: 'keychain', usable: true, count: 1 });
    expect(await hasKeyFile()).toBe(false);
    await quit();
    expect(await call(true, 'secrets.get', secret)).toBe('of great value');
    expect(await hasKeyFile()).toBe(false);
    expect((await call<SystemChange[]>(true, 'ledger.list')).filter(({ undoneAt }) => undoneAt === null)).toMatchObject(
      [{ kind: 'keychain-key', target: expect.stringMatching(/^kojibox\/[0-9a-f]{16}$/) }],
    );
    const after = await call<DaemonInfo>(true, 'daemon.info');
    console.log(`memory of the daemon: ${before.memMB} MB without a keychain, ${after.memMB} MB with one`);
    // What asks the keychain has ended: nothing of it stays.
    expect(await room.sh(`pgrep -f '[k]eychain/main.mjs' || true`)).toBe('');
    await quit();
  });

  it.each([
    ['gone', (): Promise<unknown> => endSession(), false],
    ['locked', (): Promise<unknown> => startSession(false), true],
  ])(
    'is said to be out of reach when the keychain is %s; nothing is lost or made anew',
    async (_how, change, session) => {
      const sealed = await room.sh(`sha256sum ${config}/secrets.json`);
      await change();
      for (const [method, params] of [
        ['secrets.get', secret],
        ['secrets.set', { key: 'another', scope: 'app', value: 'x' }],
      ] as const)
        expect(await errorOf(session, method, params), method).toMatchObject({
          code: 'SECRETS_LOCKED',
          message: expect.stringContaining('Secret Service'),
          remedy: expect.stringContaining('Unlock the keychain'),
        });
      expect(await call(session, 'secrets.status')).toMatchObject({ place: 'keychain', usable: false });
      expect(await hasKeyFile()).toBe(false);
      expect(await room.sh(`sha256sum ${config}/secrets.json`)).toBe(sealed);
      await quit();
    },
  );

  it('is found again when the keychain is unlocked, without a restart', async () => {
    expect(await errorOf(true, 'secrets.get', secret)).toMatchObject({ code: 'SECRETS_LOCKED' });
    await endSession();
    await startSession(true);
    expect(await call(true, 'secrets.get', secret)).toBe('of great value');
  });

  it('goes back into the file when asked, and stays there', async () => {
    expect(await koji(true, 'secrets', 'move-key', 'file')).toMatchObject({ code: 0 });
    expect(await room.sh(`stat -c '%a %s' ${config}/secrets.key`)).toBe('600 32\n');
    expect(await room.sh('secret-tool search --all service kojibox 2>&1 || true', { user: true, env: BUS })).toBe('');
    await quit();
    expect(await call(true, 'secrets.get', secret)).toBe('of great value');
    expect(await call(true, 'secrets.status')).toMatchObject({ place: 'file', reason: 'it was moved there' });
  });

  it('is taken out of the keychain by koji uninstall, which keeps the data', async () => {
    expect(await koji(true, 'secrets', 'move-key', 'keychain')).toMatchObject({ code: 0 });
    expect(await hasKeyFile()).toBe(false);
    expect(await room.sh('secret-tool search --all service kojibox 2>&1', { user: true, env: BUS })).toContain(
      'kojibox',
    );
    const ended = await koji(true, 'uninstall');
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(await hasKeyFile()).toBe(true);
    expect(await room.sh('secret-tool search --all service kojibox 2>&1 || true', { user: true, env: BUS })).toBe('');
    expect(await call(false, 'secrets.get', secret)).toBe('of great value');
    await quit();
  });
});
