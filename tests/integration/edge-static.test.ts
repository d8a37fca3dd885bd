/** Files of a PHP site and of a static one: what is served, how, and what never is. No PHP runs here. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EdgeRoute } from '../../contract/edge.ts';
import { createEdgeWorld, writeSite, type EdgeWorld } from './edge-world.ts';

const SECRET = 'top-secret-1c1b';
const BIG = Buffer.alloc(60 * 1024 * 1024, 'The quick brown fox. ');

let world: EdgeWorld;
beforeAll(async () => {
  world = await createEdgeWorld(
    ['php.test', 'files.test', 'app.test', 'gone.test', 'new.test'].map((host) => ({ host, routes: {} })),
    (config) => {
      const folder = join(config.controlSocket, '..');
      const root = join(folder, 'public');
      mkdirSync(root);
      mkdirSync(join(folder, 'new'));
      writeSite(root, {
        'index.html': '<h1>home</h1>',
        'style.css': 'body{}',
        'data.json': '{}',
        'empty.txt': '',
        'ten.txt': '0123456789',
        'big.bin': BIG,
        'unknown.xyz': 'x',
        'with space/ü.txt': 'umlaut',
        '100%.txt': 'percent',
        'docs/index.html': 'docs',
        'list/file.txt': 'x',
        'app.min.js': 'js',
        '.env': SECRET,
        '.git/config': SECRET,
        'docs/.htpasswd': SECRET,
        '.well-known/security.txt': 'contact',
        '.well-known/.secret': SECRET,
        ...Object.fromEntries(
          [
            'config.php.bak',
            'config.php~',
            'config.php.old',
            'template.phtml',
            'code.inc',
            'old.php5',
            'show.phps',
            'a.phar',
          ].map((name) => [name, SECRET]),
        ),
      });
      writeFileSync(join(folder, 'outside.txt'), SECRET);
      mkdirSync(join(folder, 'public-neighbour'));
      writeFileSync(join(folder, 'public-neighbour', 'x.txt'), SECRET);
      symlinkSync(join(folder, 'outside.txt'), join(root, 'link.txt'));
      symlinkSync('..', join(root, 'up'));
      symlinkSync('.env', join(root, 'environment.txt'));
      symlinkSync('ten.txt', join(root, 'inner-link.txt'));
      symlinkSync('loop', join(root, 'loop'));
      const routes: Record<string, EdgeRoute> = {
        'php.test': {
          type: 'php',
          documentRoot: root,
          socket: join(folder, 'none.sock'),
          service: 'php',
          env: {},
          frontController: null,
        },
        'files.test': { type: 'static', documentRoot: root, fallback: null },
        'app.test': { type: 'static', documentRoot: root, fallback: 'index.html' },
        'gone.test': { type: 'static', documentRoot: join(folder, 'gone'), fallback: null },
        'new.test': { type: 'static', documentRoot: join(folder, 'new'), fallback: null },
      };
      return {
        ...config,
        sites: config.sites.map((site) => {
          const route = routes[site.name];
          if (route === undefined) throw new Error(site.name);
          return { ...site, routes: [{ path: '/', route }] };
        }),
      };
    },
  );
  await world.start();
});
afterAll(() => world.close());

describe.each(['php.test', 'files.test'])('%s', (host) => {
  describe('never serves', () => {
    const paths = [
      '/.env',
      '/.git/config',
      '/docs/.htpasswd',
      '/.well-known/.secret',
      '/environment.txt',
      '/%2eenv',
      '/%2Eenv',
      '/./.env',
      '/docs/../.env',
      '/docs/%2e%2e/.env',
      '/../outside.txt',
      '/%2e%2e/outside.txt',
      '/%2e%2e%2foutside.txt',
      '/..%2foutside.txt',
      '/..%5coutside.txt',
      '/..\\outside.txt',
      '/docs/../../outside.txt',
      '/docs/..%2f..%2foutside.txt',
      '/%252e%252e/outside.txt',
      '/%252e%252e%252foutside.txt',
      '/..%c0%afoutside.txt',
      '/%c0%ae%c0%ae/outside.txt',
      '/%uff0e%uff0e/outside.txt',
      '/..;/outside.txt',
      '/.../outside.txt',
      '//../outside.txt',
      '/link.txt',
      '/up/outside.txt',
      '/up/public-neighbour/x.txt',
      '/../public-neighbour/x.txt',
      '/ten.txt%00.html',
      '/.env%00.txt',
      '/%00',
      '/loop',
      '/loop/x',
      '/list/',
      '/list',
      '/%',
      '/%zz',
      '/%e0%a4',
      '/ten.txt/',
      '/ten.txt/x',
      '/config.php.bak',
      '/config.php~',
      '/config.php.old',
      '/template.phtml',
      '/code.inc',
      '/old.php5',
      '/show.phps',
      '/a.phar',
      '/CONFIG.PHP.BAK',
      `/${'a/'.repeat(3000)}`,
      `/${'a'.repeat(5000)}`,
    ];
    for (const path of paths) {
      test(path.slice(0, 60), async () => {
        const answer = await world.raw(
          host,
          `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
          3000,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 (403|404) /);
        expect(answer).not.toContain(SECRET);
      });
    }
  });

  test.each([
    ['/', '<h1>home</h1>', 'text/html; charset=utf-8'],
    ['/style.css', 'body{}', 'text/css; charset=utf-8'],
    ['/data.json?v=1', '{}', 'application/json; charset=utf-8'],
    ['/empty.txt', '', 'text/plain; charset=utf-8'],
    ['/with%20space/%C3%BC.txt', 'umlaut', 'text/plain; charset=utf-8'],
    ['/100%25.txt', 'percent', 'text/plain; charset=utf-8'],
    ['/docs/', 'docs', 'text/html; charset=utf-8'],
    ['/docs//index.html', 'docs', 'text/html; charset=utf-8'],
    ['/app.min.js', 'js', 'text/javascript; charset=utf-8'],
    ['/unknown.xyz', 'x', 'application/octet-stream'],
    ['/.well-known/security.txt', 'contact', 'text/plain; charset=utf-8'],
    ['/inner-link.txt', '0123456789', 'text/plain; charset=utf-8'],
  ])('serves %s', async (path, text, type) => {
    const reply = await world.get(host, path);
    expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, text, type]);
    expect(reply.headers['content-length']).toBe(String(Buffer.byteLength(text)));
  });

  test('a folder without its slash is redirected', async () => {
    const reply = await world.get(host, '/docs?a=1');
    expect([reply.status, reply.headers['location']]).toEqual([301, '/docs/?a=1']);
    expect((await world.get(host, '//docs')).headers['location']).toBe('/docs/');
  });
});

describe('ranges, conditions, methods', () => {
  const range = (value: string, more: Record<string, string> = {}) =>
    world.get('files.test', '/ten.txt', { headers: { range: value, ...more } });

  test.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=3-3', 206, '3', 'bytes 3-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=5-2', 200, '0123456789', undefined],
    ['bytes=0-1,3-4', 200, '0123456789', undefined],
    ['chunks=0-1', 200, '0123456789', undefined],
    ['bytes=-', 200, '0123456789', undefined],
  ])('%s', async (value, status, text, contentRange) => {
    const reply = await range(value);
    expect([reply.status, reply.text, reply.headers['content-range']]).toEqual([status, text, contentRange]);
  });

  test('beyond the end: 416 with the size', async () => {
    for (const value of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
      const reply = await range(value);
      expect([reply.status, reply.headers['content-range']]).toEqual([416, 'bytes */10']);
    }
  });

  test('ETag and Last-Modified', async () => {
    const first = await world.get('files.test', '/ten.txt');
    const etag = String(first.headers['etag']);
    const modified = String(first.headers['last-modified']);
    const ask = async (headers: Record<string, string>) =>
      (await world.get('files.test', '/ten.txt', { headers })).status;
    expect(etag).toMatch(/^"[^"]+"$/);
    expect(await ask({ 'if-none-match': etag })).toBe(304);
    expect(await ask({ 'if-none-match': `"other", W/${etag}` })).toBe(304);
    expect(await ask({ 'if-none-match': '*' })).toBe(304);
    expect(await ask({ 'if-none-match': '"other"' })).toBe(200);
    expect(await ask({ 'if-modified-since': modified })).toBe(304);
    expect(await ask({ 'if-modified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' })).toBe(200);
    expect(await ask({ 'if-none-match': '"other"', 'if-modified-since': modified })).toBe(200);
    expect((await range('bytes=0-1', { 'if-range': etag })).status).toBe(206);
    expect((await range('bytes=0-1', { 'if-range': modified })).status).toBe(206);
    expect((await range('bytes=0-1', { 'if-range': '"other"' })).status).toBe(200);
    expect((await range('bytes=0-1', { 'if-range': `W/${etag}` })).status).toBe(200);
    writeFileSync(join(world.folder, 'public/ten.txt'), '9876543210');
    const second = await world.get('files.test', '/ten.txt', { headers: { 'if-none-match': etag } });
    expect([second.status, second.text]).toEqual([200, '9876543210']);
    writeFileSync(join(world.folder, 'public/ten.txt'), '0123456789');
  });

  test('HEAD has the length and no body; other methods are refused', async () => {
    const head = await world.get('files.test', '/ten.txt', { method: 'HEAD' });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '10']);
    const post = await world.get('files.test', '/ten.txt', { method: 'POST', body: 'x' });
    expect([post.status, post.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test('60 MB arrive whole; a range out of the middle too', async () => {
    const reply = await world.get('files.test', '/big.bin');
    expect(reply.body.equals(BIG)).toBe(true);
    const part = await world.get('files.test', '/big.bin', { headers: { range: 'bytes=1000000-40999999' } });
    expect([part.status, part.body.equals(BIG.subarray(1_000_000, 41_000_000))]).toEqual([206, true]);
  });

  test('a single-page app gets its page for every path, but nothing hidden', async () => {
    expect((await world.get('app.test', '/any/route')).text).toBe('<h1>home</h1>');
    expect((await world.get('app.test', '/.env')).status).toBe(404);
  });
});

describe('a site that has nothing to show', () => {
  const page = async (host: string, path = '/'): Promise<string> => {
    const reply = await world.get(host, path, { headers: { accept: 'text/html' } });
    expect(reply.status).toBe(404);
    return reply.text;
  };
  test('says that its folder is gone, and what to do', async () => {
    const text = await page('gone.test');
    expect(text).toContain('The folder of this site is not there.');
    expect(text).toContain('<code>koji project list</code>');
    // Shared sites are seen by others: where things are on this disk is not their business.
    expect(text).not.toContain(world.folder);
  });
  test('says that its folder is empty, on the first page alone', async () => {
    expect(await page('new.test')).toContain('The folder of this site has no index.html yet.');
    expect(await page('new.test', '/other.css')).not.toContain('has no index.html');
  });
});
