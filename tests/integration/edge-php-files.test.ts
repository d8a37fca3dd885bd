/** Which script answers, where links may lead, and the access log. The FastCGI server only says which script it was asked for. */
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EdgeRoute } from '../../contract/edge.ts';
import { listenFastcgi } from './edge-backends.ts';
import { createEdgeWorld, until, writeSite, type EdgeWorld } from './edge-world.ts';

const SECRET = 'top-secret-77aa';
const LOADS = "<?php require __DIR__ . '/load.php';";
const SILENCE = '<?php // Silence is golden.';

let world: EdgeWorld;
let end: () => void;

const wordpress = (below: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      'index.php': LOADS,
      'wp-load.php': '<?php',
      'wp-login.php': '<?php',
      'wp-admin/index.php': LOADS,
      'wp-admin/admin.css': 'css of admin',
      'wp-includes/a.css': 'css of includes',
      'wp-content/index.php': SILENCE,
      'wp-content/uploads/a.txt': 'upload',
    }).map(([name, text]) => [below + name, text]),
  );

beforeAll(async () => {
  let socket = '';
  world = await createEdgeWorld(
    ['wp.test', 'mixed.test', 'plain.test'].map((host) => ({ host, routes: {} })),
    (config) => {
      const folder = join(config.controlSocket, '..');
      socket = join(folder, 'php.sock');
      mkdirSync(join(folder, 'logs/access'), { recursive: true });
      // The edge may run as another user.
      chmodSync(join(folder, 'logs/access'), 0o777);
      const at = (...parts: string[]): string => join(folder, ...parts);
      mkdirSync(at('wp/public'), { recursive: true });
      writeSite(at('wp/public'), wordpress(''));
      mkdirSync(at('mixed/public'), { recursive: true });
      writeSite(at('mixed/public'), {
        'index.php': LOADS,
        ...wordpress('blog/'),
        'shop/index.php': LOADS,
        'old/index.php': '<?php echo 1;',
        'old/.htaccess': 'RewriteEngine On\nRewriteRule . index.php [L]\n',
        'quiet/index.php': SILENCE,
      });
      mkdirSync(at('plain/public'), { recursive: true });
      writeSite(at('plain/public'), { 'index.html': 'home' });
      writeSite(at('plain'), { 'storage/app/public/pic.txt': 'a picture', 'storage/.env': SECRET, '.env': SECRET });
      mkdirSync(at('shared/images'), { recursive: true });
      writeSite(at('shared'), { 'images/logo.txt': 'a logo', 'images/.key': SECRET });
      mkdirSync(at('elsewhere'), { recursive: true });
      writeSite(at('elsewhere'), { 'x.txt': SECRET, 'x.php': SECRET });
      symlinkSync(at('plain/storage/app/public'), at('plain/public/storage'));
      symlinkSync('../storage/app/public', at('plain/public/relative'));
      symlinkSync('../storage', at('plain/public/all'));
      symlinkSync('../.env', at('plain/public/environment.txt'));
      symlinkSync(at('shared/images'), at('plain/public/images'));
      symlinkSync(at('elsewhere'), at('plain/public/elsewhere'));
      return {
        ...config,
        projectLogs: at('logs'),
        sites: config.sites.map((site) => {
          const project = site.name.replace('.test', '');
          const route: EdgeRoute = {
            type: 'php',
            documentRoot: at(project, 'public'),
            linkFolders: [at(project), ...(project === 'plain' ? [at('shared')] : [])],
            socket,
            service: 'php-8.4',
            env: {},
            frontController: 'index.php',
          };
          return { ...site, project, routes: [{ path: '/', route }] };
        }),
      };
    },
  );
  end = await listenFastcgi(
    socket,
    (_path, script) => `Content-Type: text/plain\r\n\r\n${script.slice(world.folder.length)}`,
  );
  await world.start();
});
afterAll(async () => {
  end();
  await world.close();
});

const textOf = async (host: string, path: string): Promise<string> => (await world.get(host, path)).text;

describe('a multisite of WordPress in folders', () => {
  test.each([
    ['/', '/wp/public/index.php'],
    ['/site2/', '/wp/public/index.php'],
    ['/site2/2024/hello', '/wp/public/index.php'],
    ['/site2/wp-admin/', '/wp/public/wp-admin/index.php'],
    ['/site2/wp-login.php', '/wp/public/wp-login.php'],
    ['/site2/wp-admin/admin.css', 'css of admin'],
    ['/site2/wp-includes/a.css', 'css of includes'],
    ['/site2/wp-content/uploads/a.txt', 'upload'],
    ['/wp-content/uploads/missing.jpg', '/wp/public/index.php'],
    ['/wp-admin/missing', '/wp/public/index.php'],
    ['/site2/wp-admin/missing.css', '/wp/public/index.php'],
  ])('%s', async (path, expected) => expect(await textOf('wp.test', path)).toBe(expected));

  test('a folder without its slash is sent on', async () => {
    const reply = await world.get('wp.test', '/site2/wp-admin?x=1');
    expect([reply.status, reply.headers['location']]).toEqual([301, '/site2/wp-admin/?x=1']);
  });
});

describe('applications in folders of their own', () => {
  test.each([
    ['/about', '/mixed/public/index.php'],
    ['/blog/2024/hello', '/mixed/public/blog/index.php'],
    ['/blog/site2/wp-login.php', '/mixed/public/blog/wp-login.php'],
    ['/blog/wp-content/uploads/missing.jpg', '/mixed/public/blog/index.php'],
    ['/shop/cart', '/mixed/public/shop/index.php'],
    ['/old/page', '/mixed/public/old/index.php'],
    ['/quiet/page', '/mixed/public/index.php'],
    ['/none/page', '/mixed/public/index.php'],
  ])('%s', async (path, expected) => expect(await textOf('mixed.test', path)).toBe(expected));
});

describe('links of the document root', () => {
  test.each([
    ['/storage/pic.txt', 'a picture'],
    ['/relative/pic.txt', 'a picture'],
    ['/images/logo.txt', 'a logo'],
  ])('into the project, or a folder that is allowed: %s', async (path, expected) =>
    expect(await textOf('plain.test', path)).toBe(expected),
  );

  test.each(['/environment.txt', '/all/.env', '/images/.key'])('to a dotfile stays closed: %s', async (path) => {
    const reply = await world.get('plain.test', path);
    expect([403, 404]).toContain(reply.status);
    expect(reply.text).not.toContain(SECRET);
    expect(reply.text).not.toContain('ALLOWED_LINKS');
  });

  test.each(['/elsewhere/x.txt', '/elsewhere/x.php', '/elsewhere/'])(
    'elsewhere: refused and explained: %s',
    async (path) => {
      const reply = await world.get('plain.test', path, { headers: { accept: 'text/html' } });
      expect(reply.status).toBe(403);
      expect(reply.text).not.toContain(SECRET);
      expect(reply.text).toContain(`which is outside the folder of the project`);
      expect(reply.text).toContain('koji project set plain --overrides ALLOWED_LINKS=');
      await until(() => world.log().includes(`leads to ${join(world.folder, 'elsewhere')}`));
    },
  );
});

test('each request is a line in the access log of its project, without the values of its query', async () => {
  await world.get('plain.test', '/storage/pic.txt?token=t0psecret&page=2');
  await world.get('plain.test', '/missing', { method: 'HEAD' });
  const file = join(world.folder, 'logs/access/plain.log');
  // The edge makes the file: one that the test made would belong to another user.
  const lines = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  await until(() => lines().includes('/missing 403') || lines().includes('/missing 404'));
  expect(lines()).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:.]+Z info GET https:\/\/plain\.test:\d+\/storage\/pic\.txt\?token=…&page=… 200 9 B \d+ ms$/m,
  );
  expect(lines()).not.toContain('t0psecret');
});
