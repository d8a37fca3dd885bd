/** The consents of the first run where administrator rights are needed: real pkexec and polkit, real sudo in a terminal, real systemd-resolved. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PlaceState } from '../../cli/uninstall/check-places.ts';
import type { Change, ChangeTask } from '../../contract/changes.ts';
import type { FirstRunStatus } from '../../contract/first-run.ts';
import type { SystemChange } from '../../contract/system-changes.ts';
import { APP, inTerminal, USER, whyNoRoom, type Ended, type Room } from './privileged-room.ts';
import { createResolverRoom, startResolved } from './resolver-room.ts';

const missing = whyNoRoom();
if (missing !== null) console.warn(`SKIPPED: the rights of the first run are not asked for: ${missing}`);
const PASSWORD = 'room-4217';

/** Writes down each time it is asked. */
const rule = (result: 'YES' | 'NO'): string => `polkit.addRule(function (action, subject) {
  if (action.id != "org.freedesktop.policykit.exec" || subject.user != "${USER.name}") return null;
  polkit.spawn(["/bin/sh", "-c", "echo asked >> /var/tmp/asked"]);
  return polkit.Result.${result};
});`;

describe.skipIf(missing !== null)('a plain user who agrees to names, wildcards and trust in the setup', () => {
  let room: Room;
  const koji = (...args: string[]): Promise<Ended> =>
    room.run([`${APP}/koji`, ...args], { user: true, env: { DISPLAY: ':0' } });
  const call = async <T>(method: string, params: unknown = {}): Promise<T> => {
    const { stdout, stderr } = await koji('call', method, JSON.stringify(params));
    expect(stdout, stderr).not.toBe('');
    return JSON.parse(stdout) as T;
  };
  const open = async (): Promise<string[]> =>
    (await call<SystemChange[]>('ledger.list'))
      .filter(({ kind, undoneAt }) => undoneAt === null && kind !== 'trust-nss')
      .map(({ kind }) => kind)
      .sort();
  const setup = (): Promise<Ended> =>
    koji('setup', '--services', '', '--hosts', '--resolver', '--trust', '--yes', '--json');
  const agree = (): Promise<unknown> =>
    call('firstRun.answer', { step: 'names', answers: { services: [], hosts: true, resolver: false, trust: true } });
  const consents = ({ stdout, stderr }: Ended): ChangeTask[] => {
    expect(stdout, stderr).not.toBe('');
    const { change } = JSON.parse(stdout) as { change: Change };
    expect(change.status).toBe('done');
    return change.tasks.filter(({ id }) => ['names', 'resolver', 'trust'].includes(id));
  };
  const polkit = async (result: 'YES' | 'NO'): Promise<void> => {
    await room.sh('cat > /etc/polkit-1/rules.d/10-room.rules', { input: rule(result) });
    // polkitd watches the folder of rules; it has read them when it says so.
    const test = result === 'YES' ? 'pkexec /bin/true' : '! pkexec /bin/true';
    await room.sh(
      `for i in $(seq 100); do rm -f /tmp/x; ${test} && [ -s /var/tmp/asked ] && exit 0; sleep 0.1; done; exit 1`,
      {
        user: true,
      },
    );
    await room.sh(': > /var/tmp/asked');
  };
  const timesAsked = async (): Promise<number> => (await room.sh('cat /var/tmp/asked')).split('\n').length - 1;

  beforeAll(async () => {
    room = await createResolverRoom(['sudo', 'pkexec', 'polkitd']);
    await startResolved(room);
    await room.sh(': > /var/tmp/asked; chmod 666 /var/tmp/asked; chmod 711 /home/' + USER.name);
    await room.sh(
      'mkdir -p /etc/polkit-1/rules.d && (setsid /usr/lib/polkit-1/polkitd --no-debug >/tmp/polkitd.log 2>&1 &)',
    );
    await room.sh(
      `echo "${USER.name}:${PASSWORD}" | chpasswd && echo "${USER.name} ALL=(ALL) ALL" > /etc/sudoers.d/room`,
    );
    await room.sh('chmod 440 /etc/sudoers.d/room');
  });
  beforeEach(async () => {
    const undone = await koji('undo', '--json');
    expect(undone.code, undone.stdout).toBe(0);
    expect(await open()).toEqual([]);
  });
  afterAll(async () => {
    await koji('quit');
    await room?.remove();
  });

  it('is told beforehand how the rights are asked for, and that wildcards can be had', async () => {
    expect(await call<FirstRunStatus>('firstRun.status')).toMatchObject({
      hostsWritable: false,
      resolverOffered: true,
      rightsBy: 'pkexec',
      answers: { resolver: false, trust: false },
    });
  });

  it('says no to the dialog: that is skipped with the cure, and the setup goes on', async () => {
    await polkit('NO');
    const tasks = consents(await setup());
    expect(tasks.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'names skipped',
      'resolver skipped',
      'trust skipped',
    ]);
    expect(tasks.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^cannot change this system\. .*koji domains apply$/),
      expect.stringMatching(/koji domains resolver on$/),
      expect.stringMatching(/koji trust$/),
    ]);
    expect(await timesAsked()).toBe(1);
    expect(await open()).toEqual([]);
    expect((await call<FirstRunStatus>('firstRun.status')).state).toBe('done');
    expect((await koji('status')).stdout).toContain('hello');
  });

  it('says yes: one dialog is enough for all three, and all of it is in the ledger', async () => {
    await polkit('YES');
    const tasks = consents(await setup());
    expect(tasks.map(({ id, status, detail }) => `${id} ${status} ${detail}`)).toEqual([
      'names done ',
      'resolver done ',
      'trust done ',
    ]);
    expect(await timesAsked()).toBe(1);
    expect(await open()).toEqual(['hosts-block', 'resolver', 'trust-system']);
    expect(await room.sh('getent ahostsv4 any.hello.test')).toMatch(/^127\.0\.0\.1\s/);
    expect(await room.sh('cat /etc/hosts')).toContain('127.0.0.1 hello.test');
    expect(await call('resolver.status')).toMatchObject({ state: 'on', answers: true });
  });

  it('leaves the password out in a terminal: it is skipped with the cure, and the setup is done', async () => {
    // exec: the shell of the terminal would end with 130 by itself, because Ctrl-C goes to it as well.
    const ended = await inTerminal(room, `exec ${APP}/koji setup --services '' --hosts --resolver --trust --yes`, {
      when: /password of roomer/,
      keys: '\x03',
      until: /skipped, because/,
    });
    expect(ended.stdout).toContain('hello.test will point at this machine');
    expect(ended.stdout).toMatch(/Names: skipped, because .* not given\. Later: koji domains apply/);
    expect(ended.stdout).toMatch(/Wildcard names: skipped, .*koji domains resolver on/);
    expect(ended.stdout).toMatch(/Trust: skipped, .*koji trust/);
    expect(ended.code, ended.stdout).toBe(0);
    expect(await open()).toEqual([]);
  });

  it('gives the password to "setup apply" as well, for the answers that are there', async () => {
    await agree();
    const ended = await inTerminal(room, `${APP}/koji setup apply`, {
      when: /password of roomer/,
      keys: `${PASSWORD}\n`,
    });
    expect(ended.stdout.match(/As administrator:/g)).toHaveLength(1);
    expect(ended.stdout).not.toContain('skipped, because');
    expect(ended.code, ended.stdout).toBe(0);
    expect(await open()).toEqual(['hosts-block', 'trust-system']);
  });

  it('leaves it to somebody else where "setup apply" is told so', async () => {
    await agree();
    const { stdout, stderr, code } = await koji('setup', 'apply', '--rights', 'client', '--json');
    expect(code, stderr).toBe(0);
    expect((JSON.parse(stdout) as Change).tasks.filter(({ status }) => status === 'skipped')).toHaveLength(2);
    expect(await open()).toEqual([]);
  });

  it('gives the password in a terminal, once for all three', async () => {
    const ended = await inTerminal(room, `${APP}/koji setup --services '' --hosts --resolver --trust --yes`, {
      when: /password of roomer/,
      keys: `${PASSWORD}\n`,
    });
    expect(ended.stdout.match(/As administrator:/g)).toHaveLength(1);
    expect(ended.stdout).not.toContain('skipped, because');
    expect(ended.code).toBe(0);
    expect(await open()).toEqual(['hosts-block', 'resolver', 'trust-system']);
    expect(await call('resolver.status')).toMatchObject({ state: 'on', answers: true });

    // All of it goes again with the rest, and each place is looked at.
    const uninstalled = await koji('uninstall', '--yes', '--json');
    const { places } = JSON.parse(uninstalled.stdout) as { places: readonly PlaceState[] };
    expect(places.find(({ label }) => label === 'resolver of the system')).toMatchObject({ state: 'clean' });
    expect(uninstalled.code, uninstalled.stdout + uninstalled.stderr).toBe(0);
    expect(await room.sh('ip -o link; find /etc/systemd/system -name "kojibox*"')).not.toContain('kojibox');
  });
});
