/** Names through the system's own resolver: a real systemd-resolved, a real edge that answers it, real sudo. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResolveStep } from '../../contract/domains.ts';
import type { ResolverStatus } from '../../contract/resolver.ts';
import type { SystemChange } from '../../contract/system-changes.ts';
import { APP, USER, whyNoRoom, type Ended, type Room } from './privileged-room.ts';
import { askResolved, createResolverRoom, NODE, serveNames, startResolved } from './resolver-room.ts';

const UNIT = '/etc/systemd/system/kojibox-resolver.service';
const missing = whyNoRoom();
if (missing !== null) console.warn(`SKIPPED: systemd-resolved is not run: ${missing}`);

describe.skipIf(missing !== null)('wildcard names with a real systemd-resolved', () => {
  let room: Room;
  const koji = (...args: string[]): Promise<Ended> => room.run([`${APP}/koji`, ...args], { user: true });
  const call = async <T>(method: string, params: unknown = {}): Promise<T> => {
    const { stdout, stderr } = await koji('call', method, JSON.stringify(params));
    expect(stdout, stderr).not.toBe('');
    return JSON.parse(stdout) as T;
  };
  const status = (): Promise<ResolverStatus> => call('resolver.status');
  const setProject = (id: string, domain: string): Promise<unknown> =>
    call('config.setProject', {
      id,
      name: id,
      path: `/home/${USER.name}/shop`,
      domain,
      stack: 'static',
      overrides: {},
    });
  const isThere = async (): Promise<boolean> => (await room.run(['test', '-e', UNIT])).code === 0;
  const links = (): Promise<string> => room.sh('ip -o link; find /etc/systemd/system -name "kojibox*"');

  beforeAll(async () => {
    room = await createResolverRoom(['sudo']);
    await room.sh('mkdir -p ~/shop && echo hello > ~/shop/index.html', { user: true });
    await setProject('shop', 'shop.test');
    const started = await koji('start', 'edge');
    expect(started.code, started.stderr).toBe(0);
  });
  afterAll(async () => {
    await koji('quit');
    await room?.remove();
  });

  it('says that there is no systemd-resolved, and what helps, where there is none', async () => {
    expect(await status()).toMatchObject({ mechanism: null, state: 'off', answers: false });
    const refused = await koji('domains', 'resolver', 'on', '--json');
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: {
        code: 'RESOLVER_UNSUPPORTED',
        detail: expect.stringContaining('no systemd-resolved'),
        remedy: expect.stringContaining('koji domains apply'),
      },
    });
    expect(refused.code).toBe(30);
    await startResolved(room);
    expect(await status()).toMatchObject({ mechanism: 'systemd-resolved', state: 'off', suffixes: ['test'] });
  });

  it('asks nobody but the uplink as long as it is off', async () => {
    expect(await askResolved(room, 'blog.shop.test')).toEqual(['198.51.100.9']);
  });

  it('says what to run when there is no way to more rights, and changes nothing', async () => {
    const before = await links();
    const refused = await koji('domains', 'resolver', 'on', '--json');
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: 'PERMISSION_DENIED', remedy: expect.stringContaining('koji domains resolver on') },
    });
    expect(await links()).toBe(before);
    expect(await call('ledger.list')).toEqual([]);
  });

  it('leaves nothing half done when systemd says no', async () => {
    await room.sh(`echo "${USER.name} ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/room && chmod 440 /etc/sudoers.d/room`);
    await room.sh('touch /tmp/refuse');
    const before = await links();
    const refused = await koji('domains', 'resolver', 'on', '--json');
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: 'PERMISSION_DENIED', detail: expect.stringContaining('Job for kojibox-resolver.service failed') },
    });
    expect(await links()).toBe(before);
    expect(await isThere()).toBe(false);
    expect(await call('ledger.list')).toEqual([]);
    await room.sh('rm /tmp/refuse');
  });

  it('has names and all below them come here, and no others', async () => {
    expect((await call<{ sentences: string[] }>('privileged.plan', { goal: 'resolver' })).sentences).toEqual([
      expect.stringMatching(
        /^The resolver of this system will ask Kojibox \(127\.0\.0\.1:\d+\) .* \.test, and for no other/,
      ),
    ]);
    const on = await koji('domains', 'resolver', 'on', '--json');
    expect(on.code, on.stdout + on.stderr).toBe(0);
    expect(JSON.parse(on.stdout)).toMatchObject({ state: 'on', answers: true, file: UNIT });
    expect(await room.sh(`systemd-analyze verify ${UNIT} 2>&1`)).toBe('');

    await room.sh(': > /tmp/uplink.log');
    expect(await askResolved(room, 'shop.test')).toEqual(['127.0.0.1']);
    expect(await askResolved(room, 'any.thing.shop.test', 'AAAA')).toEqual(['::1']);
    expect(await askResolved(room, 'shop.test', 'MX')).toEqual(['ENODATA']);
    expect(await room.sh('getent ahostsv4 blog.shop.test')).toMatch(/^127\.0\.0\.1\s/);
    expect(await askResolved(room, 'example.com')).toEqual(['198.51.100.9']);
    expect(new Set((await room.sh('cat /tmp/uplink.log')).trim().split('\n'))).toEqual(new Set(['example.com']));
  });

  it('serves what is below a site under its own certificate', async () => {
    const page = await room.sh(
      `NODE_EXTRA_CA_CERTS=$HOME/.local/share/kojibox/app/certs/root-ca.pem ${NODE} -e "$(cat)"`,
      {
        user: true,
        input: `fetch('https://blog.shop.test:8443/').then(async (r) => console.log(r.status, await r.text()), (e) => console.log(String(e.cause)))`,
      },
    );
    expect(page).toBe('200 hello\n\n');
  });

  it('is the step of the ladder that is in use; the doctor has asked the system', async () => {
    const steps = await call<ResolveStep[]>('domains.resolve', { domain: 'shop.test' });
    expect(steps.find(({ inUse }) => inUse)).toMatchObject({ step: 'resolver', url: 'https://shop.test:8443' });
    const checks = await call<{ id: string; status: string }[]>('doctor.run');
    expect(checks.find(({ id }) => id === 'resolver')).toMatchObject({ status: 'passed' });
  });

  it('goes on while the daemon is not there', async () => {
    const { pid } = await call<{ pid: number }>('daemon.info');
    await room.sh(`kill -STOP ${pid}`);
    expect(await askResolved(room, 'x1.shop.test')).toEqual(['127.0.0.1']);
    await room.sh(`kill -CONT ${pid}`);
  });

  it('asks here for single names under suffixes that a network may use itself, once it is told so', async () => {
    await setProject('lan-shop', 'shop.lan');
    expect(await status()).toMatchObject({ state: 'outdated', suffixes: ['test', 'shop.lan'] });
    expect((await koji('domains', 'resolver', 'on')).code).toBe(0);
    expect(await status()).toMatchObject({ state: 'on', answers: true });
    expect(await askResolved(room, 'api.shop.lan')).toEqual(['127.0.0.1']);
    expect(await askResolved(room, 'printer.lan')).toEqual(['198.51.100.9']);
    expect((await call<SystemChange[]>('ledger.list')).filter(({ kind }) => kind === 'resolver')).toHaveLength(1);
  });

  it('never sends another name to our port, whoever listens there', async () => {
    expect((await koji('stop', 'edge')).code).toBe(0);
    expect((await status()).reason).toContain('koji up');
    const end = await serveNames(room, (await status()).port ?? 0, '/tmp/ours.log');
    await askResolved(room, 'y1.test');
    await askResolved(room, 'y2.example.com');
    expect(await room.sh('cat /tmp/ours.log')).toMatch(/y1\.test/);
    expect(await room.sh('cat /tmp/ours.log')).not.toContain('example.com');
    // Somebody else on our port is not taken for us.
    expect(await status()).toMatchObject({ state: 'on', answers: false });
    await end();
    expect((await koji('start', 'edge')).code).toBe(0);
  });

  it('is taken back, and nothing is left', async () => {
    const off = await koji('domains', 'resolver', 'off');
    expect(off.code, off.stdout + off.stderr).toBe(0);
    expect(await isThere()).toBe(false);
    expect(await links()).not.toContain('kojibox');
    expect(await status()).toMatchObject({ state: 'off', answers: false });
    expect(await askResolved(room, 'z1.shop.test')).toEqual(['198.51.100.9']);
    const [entry] = (await call<SystemChange[]>('ledger.list')).filter(({ kind }) => kind === 'resolver');
    expect(entry?.undoneAt).not.toBeNull();
    const steps = await call<ResolveStep[]>('domains.resolve', { domain: 'shop.test' });
    expect(steps.find(({ inUse }) => inUse)?.step).toBe('localhost-name');
  });
});
