import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Share } from '../../contract/sharing.ts';
import { takePrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = createStackWorld();
  takePrepared(world.home);
  for (const name of ['shop', 'blog']) {
    const folder = join(world.root, name);
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'index.php'),
      '<?= json_encode([$_SERVER["HTTPS"] ?? "off", $_SERVER["HTTP_HOST"], "' + name + '"]);',
    );
    writeFileSync(join(folder, '.env'), 'secret');
  }
  for (const service of ['postgres', 'mariadb', 'redis'])
    await world.call('config.setService', { id: service, enabled: false, ports: {}, env: {}, args: [] });
  for (const id of ['shop', 'blog'])
    await world.call('config.setProject', {
      id,
      name: id,
      path: join(world.root, id),
      domain: `${id}.test`,
      stack: 'php',
    });
  await world.koji('up');
}, 180_000);
afterAll(() => world.remove());

/** As another machine would: by address, without TLS. */
const open = (url: string, path = '/', host?: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ host: hostname, port, path, agent: false, headers: host === undefined ? {} : { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });

describe('a shared site', () => {
  it('is open by an address and a port, for this one site, and says that it is not encrypted', async () => {
    const share = await world.call<Share>('projects.share', { id: 'shop', address: '127.0.0.1' });
    expect(share.url).toBe(`http://127.0.0.1:${share.port}/`);
    expect(await open(share.url)).toEqual({
      status: 200,
      body: JSON.stringify(['off', `127.0.0.1:${share.port}`, 'shop']),
    });
    // Whatever the request names: the other site is not shared.
    expect((await open(share.url, '/', 'blog.test')).body).toContain('"shop"');
    expect((await open(share.url, '/.env')).status).toBe(404);
    expect(JSON.parse((await world.get('/', 'shop.test')).body)).toEqual([
      'on',
      expect.stringContaining('shop.test'),
      'shop',
    ]);
  });

  it('shows a QR code on the command line', async () => {
    const text = await world.koji('project', 'share', 'shop', '--address', '127.0.0.1', '--hours', '1');
    expect(text).toMatch(/[▀▄█]{8}/);
    expect(text).toContain('http://127.0.0.1:');
  });

  it('ends when it is told to: open connections are closed and the port is free', async () => {
    const [share] = await world.call<Share[]>('projects.shares');
    const idle = connect(share?.port ?? 0, '127.0.0.1');
    const closed = new Promise((resolve) => idle.on('error', () => undefined).on('close', resolve));
    await new Promise((resolve) => idle.once('connect', resolve));
    await world.koji('project', 'unshare', 'shop');
    await closed;
    await expect(open(share?.url ?? '')).rejects.toThrow('ECONNREFUSED');
    expect(await world.call('projects.shares')).toEqual([]);
    expect((await world.get('/', 'shop.test')).status).toBe(200);
  });

  it('ends with its project', async () => {
    const share = await world.call<Share>('projects.share', { id: 'blog', address: '127.0.0.1' });
    expect((await open(share.url)).status).toBe(200);
    await world.koji('project', 'remove', 'blog');
    await expect(open(share.url)).rejects.toThrow('ECONNREFUSED');
  });

  it('is refused for an address that is not one of ours', async () => {
    const refused = await world.kojiResult('project', 'share', 'shop', '--address', '192.0.2.1');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('192.0.2.1 is not a private address of this machine');
  });
});
