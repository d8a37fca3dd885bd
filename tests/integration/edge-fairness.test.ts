/** Sites of one PHP: the slow requests of one do not take the others' workers, and what waits is said. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenFastcgi } from './edge-backends.ts';
import { createEdgeWorld, until, writeSite, type EdgeWorld } from './edge-world.ts';

let world: EdgeWorld;
let end: () => void;
let slow = 0;

beforeAll(async () => {
  let socket = '';
  world = await createEdgeWorld(
    ['slow.test', 'quick.test'].map((host) => ({ host, routes: {} })),
    (config) => {
      const root = join(config.controlSocket, '..', 'public');
      mkdirSync(root);
      writeSite(root, { 'index.php': '<?php' });
      socket = join(config.controlSocket, '..', 'php.sock');
      const route = {
        type: 'php' as const,
        documentRoot: root,
        socket,
        service: 'php-8.4',
        env: {},
        frontController: 'index.php',
      };
      return { ...config, sites: config.sites.map((site) => ({ ...site, routes: [{ path: '/', route }] })) };
    },
  );
  end = await listenFastcgi(socket, (path) => {
    if (!path.startsWith('/slow')) return 'Content-Type: text/plain\r\n\r\nquick';
    slow += 1;
    return null;
  });
  await world.start();
});
afterAll(async () => {
  end();
  await world.close();
});

test('while one site has more slow requests than there are workers, another is served at once', async () => {
  const waiting = Array.from({ length: 60 }, (_, at) =>
    world.get('slow.test', `/slow/${at}`).catch((error: Error) => error),
  );
  await until(() => slow === 15);
  expect((await world.get('quick.test', '/')).text).toBe('quick');
  await until(() => world.log().includes('requests of slow.test wait for a worker of PHP; at work: slow.test (15)'));
  expect(slow).toBe(15);
  await world.stop('SIGKILL');
  await Promise.all(waiting);
});
