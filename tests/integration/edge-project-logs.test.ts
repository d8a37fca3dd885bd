/** Logs of projects that the edge writes, over a real php-fpm. */
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPhp, startFpm, type Fpm } from './edge-php-fpm.ts';
import { createEdgeWorld, EDGE_USER, until, writeSite, type EdgeWorld } from './edge-world.ts';

let fpm: Fpm | undefined;
let world: EdgeWorld;

beforeAll(async () => {
  const tree = await installPhp();
  let folder = '';
  world = await createEdgeWorld(
    ['a.test', 'b.test', 'c.test', 'd.test'].map((host) => ({ host, routes: {} })),
    (config) => {
      folder = join(config.controlSocket, '..');
      for (const kind of ['access', 'errors']) {
        const path = join(folder, 'logs', kind);
        mkdirSync(path, { recursive: true });
        // The daemon gives the edge these folders; see ensureProjectLogs.
        if (process.getuid?.() === 0) chownSync(path, EDGE_USER, EDGE_USER);
      }
      return {
        ...config,
        projectLogs: join(folder, 'logs'),
        sites: config.sites.map((site) => {
          const documentRoot = join(folder, site.name, 'public');
          mkdirSync(documentRoot, { recursive: true });
          writeSite(documentRoot, {
            'error.php': '<?php error_log("something is off"); echo "fine";',
            'status.php': '<?php http_response_code((int) $_GET["code"]); echo "body";',
          });
          // The last one belongs to no project: its errors stay in the log of the edge.
          const project = site.name === 'd.test' ? {} : { project: site.name.replace('.test', '') };
          const route = {
            type: 'php' as const,
            documentRoot,
            socket: join(folder, 'fpm.sock'),
            service: 'php',
            env: {},
            frontController: null,
            ...project,
          };
          return { ...site, ...project, routes: [{ path: '/', route }] };
        }),
      };
    },
  );
  fpm = await startFpm({ tree, folder, socket: join(folder, 'fpm.sock'), workers: 3 });
  await world.start();
});
afterAll(async () => {
  await world.close();
  await fpm?.stop();
});

describe('logs of projects', () => {
  test('what a script writes to its error log is in the log of its project, with its request, and nowhere else', async () => {
    const logOf = (project: string): string => {
      const file = join(world.folder, `logs/errors/${project}.log`);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    for (const [index, host] of ['a.test', 'b.test'].entries())
      expect((await world.get(host, `/error.php?of=${index}`)).text).toBe('fine');
    await until(() => logOf('a').includes('something is off') && logOf('b').includes('something is off'));
    expect(logOf('a')).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z warn GET https:\/\/a\.test(?::\d+)?\/error\.php: .*something is off\n$/m,
    );
    expect(logOf('a')).not.toContain('b.test');
    expect(world.log()).not.toContain('something is off');
    // A link is not followed; a removed log comes back with the next line.
    const stranger = join(world.folder, 'stranger');
    writeFileSync(stranger, '');
    rmSync(join(world.folder, 'logs/errors/a.log'));
    symlinkSync(stranger, join(world.folder, 'logs/errors/a.log'));
    await world.get('a.test', '/error.php');
    await until(() => world.log().includes('cannot write'));
    expect(readFileSync(stranger, 'utf8')).toBe('');
    rmSync(join(world.folder, 'logs/errors/a.log'));
    await world.get('a.test', '/error.php');
    await until(() => logOf('a').includes('something is off'));
    await world.get('d.test', '/error.php');
    await until(() => world.log().includes('something is off'));
  });

  test('each request is one line in the access log of its project', async () => {
    const logOf = (project: string): string => {
      const file = join(world.folder, `logs/access/${project}.log`);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    await world.get('c.test', '/status.php?code=404&mark=1');
    await world.get('c.test', '/status.php?code=500&mark=2');
    await world.get('d.test', '/status.php?code=200&mark=3');
    const lines = (): string[] =>
      logOf('c')
        .split('\n')
        .filter((line) => line.includes('/status.php'));
    await until(() => lines().length >= 2);
    expect(lines()).toHaveLength(2);
    // The values of a query may be secrets.
    expect(lines()[0]).toMatch(/^\S+Z info GET https:\/\/c\.test(?::\d+)?\/status\.php\?code=…&mark=… 404 4 B \d+ ms$/);
    expect(lines()[1]).toMatch(/^\S+Z warn GET \S+code=…&mark=… 500 4 B \d+ ms$/);
    expect(existsSync(join(world.folder, 'logs/access/d.log'))).toBe(false);
    expect(logOf('a')).not.toContain('c.test');
  });
});
