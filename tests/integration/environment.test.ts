/** One environment for everything that runs in the name of a project, with real programs. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { chmodSync, mkdirSync, readFileSync, existsSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../contract/config.ts';
import { upPrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const run = promisify(execFile);
let world: StackWorld;
let shop: string;

beforeAll(async () => {
  world = createStackWorld();
  shop = realpathSync(world.root) + '/shop';
  mkdirSync(join(shop, 'public'), { recursive: true });
  // As root the worker runs as another user.
  chmodSync(shop, 0o777);
  writeFileSync(
    join(shop, 'public/index.php'),
    `<?php echo json_encode([getenv('WORD'), getenv('DB_PORT'), getenv('DB_NAME'), getenv('MARIADB_PASSWORD')]);`,
  );
  await upPrepared(world.home, () => world.koji('up', '--json'));
  await world.call('config.setProject', {
    id: 'shop',
    name: 'Shop',
    path: shop,
    domain: 'shop.test',
    stack: 'php',
    overrides: { WORD: "bar's", DATABASE: 'mariadb/shop' },
  });
});
afterAll(() => world.remove());

/** `koji` in the folder of the project. */
const here = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const { stdout } = await run(resolve('koji'), args, {
    cwd: shop,
    // The suite itself runs with NODE_ENV=test, which is a run of tests.
    env: {
      ...process.env,
      NODE_ENV: undefined,
      KOJIBOX_HOME: world.home,
      KOJIBOX_HOSTS_FILE: join(world.root, 'hosts'),
      ...env,
    },
  });
  return stdout.trim();
};
// Not three letters: getenv() of PHP-FPM does not find such a name (FCGI_HASH_FUNC of main/fastcgi.c reads beyond it).
const CODE = `echo json_encode([getenv('WORD'), getenv('DB_PORT'), getenv('DB_NAME'), getenv('MARIADB_PASSWORD')]);`;
const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  for (let round = 0; round < 300; round += 1) {
    if (await what()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('it did not happen');
};

describe('the environment of a project', () => {
  it('is the same for the site, koji php, koji exec, koji env, a shim and a worker', async () => {
    const site = (await world.get('/', 'shop.test')).body;
    const [foo, , name, password] = JSON.parse(site) as string[];
    expect([foo, name]).toEqual(["bar's", 'shop']);
    expect(password).toMatch(/.{16}/);
    expect(await here(['php', '-r', CODE])).toBe(site);
    expect(await here(['exec', '--', 'php', '-r', CODE])).toBe(site);
    const exported = `eval "$(${resolve('koji')} env --export)"; printf %s "$WORD,$DB_NAME"`;
    const { stdout } = await run('/bin/sh', ['-c', exported], {
      cwd: shop,
      env: { ...process.env, NODE_ENV: undefined, KOJIBOX_HOME: world.home },
    });
    expect(stdout).toBe("bar's,shop");
    const shims = (await here(['shell-init', 'bash'])).match(/'([^']+)'/)?.[1] ?? '';
    expect((await run(join(shims, 'php'), ['-r', CODE], { cwd: shop, env: { PATH: '/usr/bin:/bin' } })).stdout).toBe(
      site,
    );

    const output = join(shop, 'worker.txt');
    writeFileSync(
      join(shop, 'worker.php'),
      `<?php ob_start(); ${CODE} file_put_contents('${output}', ob_get_clean()); sleep(1000);`,
    );
    await world.koji('service', 'define', 'worker', 'php', '--args', 'worker.php', '--cwd', shop);
    await until(() => existsSync(output) && readFileSync(output, 'utf8') !== '');
    expect(readFileSync(output, 'utf8')).toBe(site);
  });

  it('that changes restarts a worker, and reaches the command line', async () => {
    const output = join(shop, 'worker.txt');
    writeFileSync(output, '');
    await world.koji('project', 'set', 'shop', '--overrides', 'WORD=two');
    await until(() => readFileSync(output, 'utf8').includes('"two"'));
    expect(await here(['php', '-r', 'echo getenv("WORD");'])).toBe('two');
  });

  it('follows the port of a database', async () => {
    const settings = await world.call<ServiceConfig>('config.getService', { id: 'mariadb' });
    await world.call('config.setService', { ...settings, env: { ...settings.env } });
    const port = (await world.services()).find(({ id }) => id === 'mariadb')?.ports[0]?.port;
    expect(await here(['php', '-r', 'echo getenv("DB_PORT");'])).toBe(String(port));
  });

  it('hides its secrets until they are asked for', async () => {
    const table = await here(['env']);
    expect(table).toContain('mariadb, database shop (the setting DATABASE says so)');
    expect(table).toMatch(/WORD\s+project\s+two/);
    const password = await here(['php', '-r', 'echo getenv("DB_PASSWORD");']);
    expect(table).not.toContain(password);
    expect(await here(['env', '--json'])).not.toContain(password);
    expect(await here(['env', '--reveal'])).toContain(password);
  });

  it('lets tests choose their database', async () => {
    writeFileSync(join(shop, 'artisan.php'), '<?php var_export([getenv("DB_NAME"), getenv("DB_PORT") !== false]);');
    expect(await here(['php', 'artisan.php', 'migrate'])).toContain("'shop'");
    expect(await here(['php', 'artisan.php', 'test'])).toContain('0 => false');
    expect(await here(['exec', '--', 'php', 'artisan.php', 'test'])).toContain('1 => true');
  });

  it('has no place outside a project', async () => {
    const { code, stderr } = await world.kojiResult('env');
    expect(code).toBe(3);
    expect(stderr).toContain('belongs to no project');
  });
});

it('mail() of a script on the command line is caught', async () => {
  await here([
    'php',
    '-r',
    'var_export(mail("ann@example.com", "From a script", "Hello\\n.\\nEnd", "Bcc: bob@example.com"));',
  ]);
  const mails = await world.call<readonly { readonly subject: string }[]>('mail.list');
  expect(JSON.stringify(mails)).toContain('From a script');
  expect(JSON.stringify(mails)).toContain('bob@example.com');
});

it('variables and files of the user do not lead psql to another server', { timeout: 120_000 }, async () => {
  writeFileSync(join(world.root, '.psqlrc'), '\\echo from psqlrc\n');
  await world.koji('runtime', 'install', 'postgres-client', '17');
  const leading = {
    PGHOSTADDR: '10.255.255.1',
    PGSERVICE: 'x',
    PGSSLMODE: 'require',
    PGOPTIONS: '-c bad=1',
    PGCHANNELBINDING: 'require',
    HOME: world.root,
  };
  expect(await here(['psql', '-tAc', 'select 1'], leading)).toBe('1');
  expect(
    await here(['mariadb', '-Ne', 'select 2'], { MYSQL_HOST: '10.255.255.1', MYSQL_PWD: 'x', MYSQL_TCP_PORT: '1' }),
  ).toBe('2');
  expect(await here(['redis-cli', 'ping'], { REDISCLI_AUTH: 'theirs' })).toBe('PONG');
});

it('a server that the caller names gets no password of this stack', { timeout: 120_000 }, async () => {
  // It asks for a password in clear, as any server may, and keeps what comes.
  let heard = '';
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        heard += data.toString('latin1');
        const isStartup = data.length > 8 && data.readInt32BE(4) === 196_608;
        if (data.length === 8) socket.write('N');
        else if (isStartup) socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
        else socket.end('-ERR no\r\n');
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
  const { port } = server.address() as { port: number };
  for (const [program, ...args] of [
    ['psql', '-w', '-h', '127.0.0.2', '-p', `${port}`, '-tAc', 'select 1'],
    ['psql', '-w', `host=127.0.0.2 port=${port} dbname=x`],
    ['redis-cli', '-h', '127.0.0.2', '-p', `${port}`, 'ping'],
  ] as const)
    await here([program, ...args]).catch(() => '');
  server.close();
  expect(heard).toContain('kojibox');
  for (const service of ['postgres', 'redis']) {
    const password = await world.call<string>('secrets.get', { key: `${service}-password`, scope: 'service' });
    expect(heard).not.toContain(password);
  }
});
