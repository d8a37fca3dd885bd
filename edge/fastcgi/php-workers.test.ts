/** The pool of the edge and the workers of our php-fpm belong together. */
import { expect, it } from 'vitest';
import { php } from '../../core/recipes/php.ts';
import { DEFAULT_POOL } from './pool.ts';

it('php-fpm has from its start more workers than the edge uses, so no quick request waits for a new one', () => {
  const { files } = php.plan({
    id: 'php',
    version: '8.2.36',
    series: '8.2',
    tree: '/tree',
    dataFolder: '/data',
    configFolder: '/config',
    tempFolder: '/temp',
    runFolder: '/run',
    socketMode: 0o600,
    logFile: '/log',
    ports: {},
    password: '',
    caBundle: '/ca.pem',
    sessionFolder: '/sessions',
    mailDrop: '/mail',
    runtimeSettings: null,
    extensions: [],
    debug: false,
    extraArgs: [],
    extraEnv: {},
  });
  const settings = files.find(({ path }) => path === '/config/fpm.conf')?.content;
  expect(settings).toMatch(/^pm = static$/m);
  expect(Number(/^pm\.max_children = (\d+)$/m.exec(settings ?? '')?.[1])).toBeGreaterThan(DEFAULT_POOL.most);
});
