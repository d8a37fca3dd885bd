import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SystemChange } from '../../contract/system-changes.ts';
import type { PlaceState } from '../../cli/uninstall/check-places.ts';
import { APP, createRoom, inTerminal, USER, whyNoRoom, type Ended, type Room } from './privileged-room.ts';

const missing = whyNoRoom();
if (missing !== null) console.warn(`SKIPPED: sudo and koji uninstall are not run: ${missing}`);

interface Uninstalled {
  readonly undone: boolean;
  readonly purged: boolean;
  readonly places: readonly PlaceState[];
  readonly error: { code: string } | null;
}

describe.skipIf(missing !== null)('a plain user with sudo', () => {
  let room: Room;
  let hosts: string;
  const home = `/home/${USER.name}/.local/share/kojibox`;
  const koji = (...args: string[]): Promise<Ended> => room.run([`${APP}/koji`, ...args], { user: true });
  const call = async <T>(method: string, params: unknown = {}): Promise<T> =>
    JSON.parse((await koji('call', method, JSON.stringify(params))).stdout) as T;
  const open = async (): Promise<SystemChange[]> =>
    (await call<SystemChange[]>('ledger.list')).filter(
      // Chromium's store is there only where certutil is.
      ({ kind, undoneAt }) => undoneAt === null && kind !== 'trust-nss',
    );
  const sudoers = (...lines: string[]): Promise<string> =>
    room.sh(`cat > /etc/sudoers.d/room && chmod 440 /etc/sudoers.d/room && visudo -qc`, {
      input: `${lines.join('\n')}\n`,
    });
  /** This sudo keeps NODE_OPTIONS, so that only what clears it protects the helper. */
  const allow = (): Promise<string> =>
    sudoers('Defaults env_keep += "NODE_OPTIONS"', `${USER.name} ALL=(ALL) NOPASSWD: ALL`);
  const forbid = (): Promise<string> => room.sh('rm -f /etc/sudoers.d/room');

  const addProject = async (): Promise<void> => {
    await room.sh(`mkdir -p ~/shop && echo hello > ~/shop/index.html`, { user: true });
    const set = await koji(
      'call',
      'config.setProject',
      JSON.stringify({
        id: 'shop',
        name: 'Shop',
        path: `/home/${USER.name}/shop`,
        domain: 'shop.test',
        stack: 'static',
        overrides: {},
      }),
    );
    expect(set, set.stdout + set.stderr).toMatchObject({ code: 0 });
  };

  beforeAll(async () => {
    room = await createRoom(['sudo']);
    hosts = await room.sh('cat /etc/hosts');
    await addProject();
  });
  afterAll(() => room?.remove());

  it('is told what to run when there is no way to more rights, and nothing is changed', async () => {
    const refused = await koji('domains', 'apply', '--json');
    expect(refused.code).toBe(4);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: 'PERMISSION_DENIED', remedy: expect.stringContaining('koji domains apply') },
    });
    const ports = await koji('privileged', 'ports', '--json');
    expect(JSON.parse(ports.stdout)).toMatchObject({
      error: { code: 'PERMISSION_DENIED', remedy: expect.stringContaining('sudo sysctl') },
    });
    expect(await room.sh('cat /etc/hosts')).toBe(hosts);
    expect(await open()).toEqual([]);
  });

  it('may say no in the terminal: it is cancelled, and nothing is changed', async () => {
    await sudoers(`${USER.name} ALL=(ALL) ALL`);
    const cancelled = await inTerminal(room, `${APP}/koji domains apply`, { when: /password of roomer/, keys: '\x03' });
    expect(cancelled.stdout).toContain('shop.test will point at this machine');
    expect(cancelled.stdout).toContain('the rights for this change were not given');
    expect(cancelled.code).toBe(130);
    expect(await room.sh('cat /etc/hosts')).toBe(hosts);
    expect(await open()).toEqual([]);
  });

  it('gets names, trust and low ports through sudo; nothing of the environment gets to root', async () => {
    await allow();
    await room.sh(
      `echo "require('node:fs').writeFileSync('/tmp/ran-as-' + process.getuid(), '')" > ~/hostile.cjs && chmod 755 ~`,
      { user: true },
    );
    const applied = await inTerminal(room, `${APP}/koji domains apply`, undefined, {
      NODE_OPTIONS: `--require /home/${USER.name}/hostile.cjs`,
    });
    expect(applied.code, applied.stdout).toBe(0);
    expect(await room.sh('getent hosts shop.test')).toMatch(/^(::1|127\.0\.0\.1)\s/);

    expect(await room.sh('ls /tmp')).toContain(`ran-as-${USER.uid}\n`);
    expect(await room.sh('ls /tmp')).not.toContain('ran-as-0');

    // The daemon asks by itself where sudo needs no password.
    expect(await koji('certs', 'trust', 'shop.test')).toMatchObject({ code: 0 });
    expect(await room.sh('ls /usr/local/share/ca-certificates')).toMatch(/^kojibox-[0-9a-f]{8}\.crt$/m);
    expect(await koji('privileged', 'ports')).toMatchObject({ code: 0 });
    expect(await room.sh('cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe('80\n');
    expect(
      (
        await call<{ url: string }[]>('stack.status').then(
          (status) => (status as unknown as { sites: { url: string }[] }).sites,
        )
      )[0]?.url,
    ).toBe('https://shop.test');
    expect((await open()).map(({ kind }) => kind)).toEqual(['hosts-block', 'trust-system', 'low-ports']);
  });

  it('sees beforehand what uninstalling does', async () => {
    const plan = JSON.parse((await koji('uninstall', '--dry-run', '--json')).stdout) as Record<string, unknown>;
    expect(plan).toMatchObject({
      undo: expect.arrayContaining([
        expect.objectContaining({ target: '/etc/sysctl.d/60-kojibox.conf' }),
        expect.objectContaining({ target: '/etc/hosts' }),
      ]),
      asAdministrator: [expect.any(String), expect.any(String), expect.any(String)],
      home: { path: home, deleted: false },
    });
    expect(await open()).toHaveLength(3);
  });

  it('is shown what is left when the rights are missing, and the data stay', async () => {
    await forbid();
    const ended = await koji('uninstall', '--purge', '--yes', '--json');
    expect(ended.code).toBe(4);
    const result = JSON.parse(ended.stdout) as Uninstalled;
    expect(result).toMatchObject({ undone: false, purged: false, error: { code: 'PERMISSION_DENIED' } });
    const left = result.places.filter(({ state }) => state === 'left');
    expect(left.map(({ label }) => label)).toEqual([
      'hosts file',
      'trust store of the system',
      'authorities of the system',
      'low ports',
      'home',
    ]);
    expect(left.every(({ cure }) => cure !== '')).toBe(true);
    expect(await room.sh(`ls ${home}/app/config/ledger.json`)).not.toBe('');
  });

  it('has everything taken back, and it is shown place by place', async () => {
    await allow();
    const ended = await inTerminal(room, `${APP}/koji uninstall --purge --yes`);
    expect(ended.code, ended.stdout).toBe(0);
    for (const label of [
      'hosts file',
      'trust store of the system',
      'authorities of the system',
      'low ports',
      'processes',
      'home',
    ])
      expect(ended.stdout).toMatch(new RegExp(`✓ ${label}`));
    expect(await room.sh('cat /etc/hosts')).toBe(hosts);
    expect(await room.sh('ls /usr/local/share/ca-certificates')).not.toContain('kojibox');
    expect(await room.sh('cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe('1024\n');
    expect(await room.sh(`ls ${home} 2>&1 || true`)).toContain('No such file');
    expect(await room.sh(`ps -u ${USER.name} -o stat=,args= | grep -v '^Z' || true`)).toBe('');
  });

  it('is told about a program of the home that would not end', async () => {
    await addProject();
    // What a broken daemon could have left: a program out of the home itself.
    await room.sh(
      `mkdir -p ${home}/runtime/bin && cp /bin/sleep ${home}/runtime/bin/left && (setsid ${home}/runtime/bin/left 300 >/dev/null 2>&1 &)`,
      { user: true },
    );
    const ended = await koji('uninstall', '--json');
    expect(ended.code).toBe(4);
    const { places } = JSON.parse(ended.stdout) as Uninstalled;
    expect(places.find(({ label }) => label === 'processes')).toMatchObject({
      state: 'left',
      cure: expect.stringMatching(/^kill \d+$/),
    });
    await room.sh(`pkill -x -u ${USER.name} left`);
  });
});
