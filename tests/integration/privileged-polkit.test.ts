import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP, createRoom, USER, whyNoRoom, type Ended, type Room } from './privileged-room.ts';

const missing = whyNoRoom();
if (missing !== null) console.warn(`SKIPPED: pkexec is not run: ${missing}`);

const ALLOW = `polkit.addRule(function (action, subject) {
  if (action.id == "org.freedesktop.policykit.exec" && subject.user == "${USER.name}") return polkit.Result.YES;
});`;

describe.skipIf(missing !== null)('the daemon of a desktop session, with a real pkexec and polkit', () => {
  let room: Room;
  const koji = (...args: string[]): Promise<Ended> =>
    room.run([`${APP}/koji`, ...args], { user: true, env: { DISPLAY: ':0' } });

  beforeAll(async () => {
    room = await createRoom(['pkexec', 'polkitd', 'dbus']);
    await room.sh('mkdir -p /run/dbus /etc/polkit-1/rules.d && dbus-daemon --system --fork');
    await room.sh('(setsid /usr/lib/polkit-1/polkitd --no-debug >/tmp/polkitd.log 2>&1 &)');
    await room.sh('mkdir -p ~/shop && echo hello > ~/shop/index.html', { user: true });
    const project = {
      id: 'shop',
      name: 'Shop',
      path: `/home/${USER.name}/shop`,
      domain: 'shop.test',
      stack: 'static',
      overrides: {},
    };
    expect(await koji('call', 'config.setProject', JSON.stringify(project))).toMatchObject({ code: 0 });
  });
  afterAll(() => room?.remove());

  it('says what it would change, and that polkit is asked', async () => {
    expect(JSON.parse((await koji('call', 'privileged.plan', '{"goal":"hosts"}')).stdout)).toEqual({
      sentences: ['shop.test will point at this machine, in a marked block of /etc/hosts.'],
      way: 'pkexec',
      byHand: [expect.stringContaining('/etc/hosts')],
    });
  });

  it('changes nothing when polkit says no', async () => {
    const before = await room.sh('cat /etc/hosts');
    const ended = await koji('privileged', 'hosts', '--json');
    expect(JSON.parse(ended.stdout)).toMatchObject({
      error: { code: 'PERMISSION_DENIED', remedy: expect.stringContaining('Run in a terminal') },
    });
    expect(await room.sh('cat /etc/hosts')).toBe(before);
    expect(JSON.parse((await koji('call', 'ledger.list')).stdout)).toEqual([]);
  });

  it('writes the hosts file when polkit says yes, and takes it back', async () => {
    await room.sh('cat > /etc/polkit-1/rules.d/10-room.rules', { input: ALLOW });
    // polkitd watches the folder of rules; it has read them when it says yes.
    await room.sh('for i in $(seq 100); do pkexec /bin/true && exit 0; sleep 0.1; done; exit 1', { user: true });
    const applied = await koji('domains', 'apply');
    expect(applied.code, applied.stderr).toBe(0);
    expect(await room.sh('cat /etc/hosts')).toContain('127.0.0.1 shop.test');
    const undone = await koji('undo', 'hosts-block-1', '--json');
    expect(JSON.parse(undone.stdout)).toMatchObject([{ kind: 'hosts-block', undoneAt: expect.any(String) }]);
    expect(await room.sh('cat /etc/hosts')).not.toContain('shop.test');
    expect(await koji('quit')).toMatchObject({ code: 0 });
  });
});
