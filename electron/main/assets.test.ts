import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTENT_SECURITY_POLICY, createAssets, type Asset } from './assets.ts';

let root: string;
let serve: (request: { url: string; method: string }) => Promise<Asset>;
const get = (path: string, method = 'GET'): Promise<Asset> => serve({ url: `app://kojibox${path}`, method });
const text = ({ body }: Asset): string => new TextDecoder().decode(body);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-assets-'));
  mkdirSync(join(root, 'page', 'assets'), { recursive: true });
  writeFileSync(join(root, 'secret.txt'), 'secret');
  writeFileSync(join(root, 'page', 'index.html'), '<!doctype html>');
  writeFileSync(join(root, 'page', 'assets', 'app-1.js'), 'export {}');
  writeFileSync(join(root, 'page', 'icon.svg'), '<svg/>');
  writeFileSync(join(root, 'page', 'odd.bin'), 'x');
  symlinkSync(join(root, 'secret.txt'), join(root, 'page', 'link.txt'));
  serve = createAssets(join(root, 'page'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('app://kojibox', () => {
  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/index.html', 'text/html; charset=utf-8'],
    ['/assets/app-1.js', 'text/javascript; charset=utf-8'],
    ['/assets/app-1.js?v=1', 'text/javascript; charset=utf-8'],
    ['/icon.svg', 'image/svg+xml'],
    ['/odd.bin', 'application/octet-stream'],
  ])('serves %s as %s', async (path, type) => {
    const asset = await get(path);
    expect(asset.status).toBe(200);
    expect(asset.headers).toMatchObject({ 'content-type': type, 'x-content-type-options': 'nosniff' });
    expect(asset.headers['content-security-policy']).toBe(CONTENT_SECURITY_POLICY);
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..\\secret.txt',
    '/link.txt',
    '/assets',
    '/assets/',
    '//index.html',
    '/index.html%00.js',
    '/nothing.js',
  ])('does not serve %s', async (path) => {
    const asset = await get(path);
    expect(asset.status).toBe(404);
    expect(text(asset)).not.toContain('secret');
    expect(asset.headers['content-security-policy']).toBe(CONTENT_SECURITY_POLICY);
  });

  it('serves nothing outside its folder, whatever it is asked for', async () => {
    const segment = fc.oneof(fc.constantFrom('..', '.', '%2e%2e', '..%5c', 'secret.txt', 'assets', ''), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 8 }), async (segments) => {
        expect(text(await get(`/${segments.join('/')}`))).not.toBe('secret');
      }),
      { numRuns: 500 },
    );
  });

  it('is no other host, no other scheme, and takes GET and HEAD only', async () => {
    expect((await serve({ url: 'app://evil/index.html', method: 'GET' })).status).toBe(404);
    expect((await serve({ url: 'http://kojibox/index.html', method: 'GET' })).status).toBe(404);
    expect((await serve({ url: 'nonsense', method: 'GET' })).status).toBe(404);
    expect((await get('/', 'POST')).status).toBe(405);
    expect((await get('/', 'HEAD')).body).toHaveLength(0);
  });

  it('says what to do when the page was not built', async () => {
    const empty = createAssets(join(root, 'nowhere'));
    expect(text(await empty({ url: 'app://kojibox/', method: 'GET' }))).toContain('npm run build');
  });

  it('allows no script but its own, and no connection', () => {
    const directives = new Map(
      CONTENT_SECURITY_POLICY.split('; ').map((line) => [line.split(' ')[0], line.split(' ').slice(1).join(' ')]),
    );
    expect(directives.get('script-src')).toBe("'self'");
    expect(directives.get('connect-src')).toBe("'none'");
    expect(directives.get('default-src')).toBe("'none'");
  });
});
