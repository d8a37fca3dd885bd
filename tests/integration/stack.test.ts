import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { createConnection } from 'mariadb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LogEntrySchema } from '../../contract/logs.ts';
import { atMost } from '../figures.ts';
import { isAlive, type Answer } from './daemon-calls.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;

beforeAll(async () => {
  world = createStackWorld();
  await world.koji('up', '--json');
});
afterAll(() => world.remove());

const password = (id: string): Promise<string> =>
  world.call('secrets.get', { key: `${id}-password`, scope: 'service' });
const portOf = async (id: string): Promise<number> =>
  (await world.services()).find((service) => service.id === id)?.ports[0]?.port ?? 0;

const getSite = (path = '/status.json', host = 'hello.test'): Promise<Answer> => world.get(path, host);
const rpc: StackWorld['rpc'] = (body, headers) => world.rpc(body, headers);

describe('the stack', () => {
  it('a service killed with kill -9 accepts again within its own start time + 50 ms', async () => {
    const accepts = (port: number): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('connect', () => socket.end(() => resolve(true)));
        socket.on('error', () => resolve(false));
      });
    const excess: number[] = [];
    for (const id of ['redis', 'postgres', 'mariadb']) {
      const { pid, readyMs, ports } = (await world.services()).find((service) => service.id === id)!;
      const began = performance.now();
      process.kill(pid!, 'SIGKILL');
      // Until it is gone the system still accepts in its name.
      do await new Promise((resolve) => setTimeout(resolve, 2));
      while (isAlive(pid!) || (!(await accepts(ports[0]!.port)) && performance.now() - began < 60_000));
      const ms = performance.now() - began;
      excess.push(ms - readyMs!);
      console.log(`${id}: own start ${readyMs} ms, accepts again ${ms.toFixed(0)} ms after kill -9`);
      await expect
        .poll(async () => {
          const now = (await world.services()).find((service) => service.id === id);
          return now?.state === 'running' && now.pid !== pid;
        })
        .toBe(true);
    }
    // The best of three, because this machine may be busy with something else.
    expect(Math.min(...excess)).toBeLessThan(atMost(50));
    expect(Math.max(...excess)).toBeLessThan(atMost(1000));
  });

  it('the daemon may be killed twenty times: no query and no request fails, and every service keeps its pid', async () => {
    const before = await world.services();
    const client = new pg.Client({
      host: '127.0.0.1',
      port: await portOf('postgres'),
      user: 'kojibox',
      password: await password('postgres'),
      database: 'postgres',
    });
    const maria = await createConnection({
      host: '127.0.0.1',
      port: await portOf('mariadb'),
      user: 'kojibox',
      password: await password('mariadb'),
    });
    await client.connect();
    let running = true;
    const counts = { postgres: 0, mariadb: 0, https: 0 };
    const failures: string[] = [];
    const load = async (name: keyof typeof counts, work: () => Promise<unknown>): Promise<void> => {
      while (running) {
        await work().catch((error: unknown) => failures.push(`${name}: ${String(error)}`));
        counts[name] += 1;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    const loads = [
      load('postgres', () => client.query('select 1')),
      load('mariadb', () => maria.query('select 1')),
      load('https', async () => {
        const { status } = await getSite('/');
        if (status !== 200) throw new Error(`status ${status}`);
      }),
    ];
    let slowest = 0;
    for (let kill = 0; kill < 20; kill++) {
      const { pid } = world.daemonFile();
      process.kill(pid, 'SIGKILL');
      const began = performance.now();
      while (world.daemonFile().pid === pid) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(performance.now() - began).toBeLessThan(60_000);
      }
      slowest = Math.max(slowest, performance.now() - began);
    }
    running = false;
    await Promise.all(loads);
    await client.end();
    await maria.end();
    console.log(
      `20 daemons killed: slowest back in ${slowest.toFixed(0)} ms; ${JSON.stringify(counts)}, ${failures.length} failures`,
    );
    expect(failures).toEqual([]);
    const after = await world.services();
    expect(after.map(({ id, pid }) => [id, pid])).toEqual(before.map(({ id, pid }) => [id, pid]));
    expect(after.map(({ state }) => state)).toEqual(before.map(() => 'running'));
    expect(slowest).toBeLessThan(atMost(2000));
  });

  it('finds log entries as the wire example asks for them, and exports them', async () => {
    const found = await rpc('{"method":"logs.query","params":{"service":"postgres","level":"info","limit":100}}');
    const entries = z.array(LogEntrySchema).min(1).max(100).parse(found.body.result);
    expect(entries.every(({ service, level }) => service === 'postgres' && level !== 'debug')).toBe(true);
    expect(entries.map(({ message }) => message)).toContain('database system is ready to accept connections');
    const unknown = await rpc('{"method":"logs.query","params":{"service":"nothing"}}');
    expect(unknown.body.error?.code).toBe('NOT_FOUND');
    const shown = await world.koji('logs', 'postgres', 'redis', '--grep', 'READY to accept', '--since', '1h');
    expect(shown).toMatch(/^postgres \d{4}-\d\d-\d\d \d\d:.* database system is ready to accept connections$/m);
    expect(shown).toMatch(/^redis {4}\d{4}-\d\d-\d\d \d\d:.* Ready to accept connections$/m);
    const path = (await world.koji('logs', 'postgres', '--export')).trim();
    expect(path.startsWith(world.path('app/logs/exports/postgres-all-'))).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(world.path('runtime/logs/postgres.log'), 'utf8'));
  });

  it('a second daemon is refused while one runs', () => {
    expect(() =>
      execFileSync(process.execPath, ['dist/daemon/main.mjs'], {
        env: { ...process.env, KOJIBOX_HOME: world.home },
        stdio: 'pipe',
        // Were it taken in after all, it would stay.
        timeout: 30_000,
      }),
    ).toThrow(/second daemon/);
  });

  it('refuses what does not come from its own page or program', async () => {
    const call = '{"method":"services.list","params":{}}';
    expect(await rpc(call)).toMatchObject({ status: 200 });
    expect(await rpc(call, { authorization: '' })).toMatchObject({
      status: 401,
      body: { error: { code: 'UNAUTHORIZED' } },
    });
    expect(await rpc(call, { authorization: 'Bearer nonsense' })).toMatchObject({ status: 401 });
    expect(await rpc(call, { host: 'evil.example' })).toMatchObject({
      status: 403,
      body: { error: { code: 'HOST_FORBIDDEN' } },
    });
    expect(await rpc(call, { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      body: { error: { code: 'ORIGIN_FORBIDDEN' } },
    });
    for (const text of ['', 'nonsense', '[]', '7', 'null', '{"method":'])
      expect(await rpc(text)).toMatchObject({ status: 400, body: { error: { code: 'MALFORMED_REQUEST' } } });
    expect(await rpc('{"method":"no.such","params":{}}')).toMatchObject({
      status: 404,
      body: { error: { code: 'METHOD_UNKNOWN', remedy: expect.any(String) } },
    });
    expect(await rpc('{"method":"services.start","params":{"id":7}}')).toMatchObject({
      status: 400,
      body: { error: { code: 'VALIDATION_FAILED' } },
    });
  });

  it('answers 100 MB of JSON without reading them', async () => {
    const { url, token } = world.daemonFile();
    const { port } = new URL(url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1');
      let text = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.includes('remedy')) socket.destroy();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
      socket.write(
        `POST /rpc HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 104857600\r\n\r\n`,
      );
      const chunk = Buffer.alloc(1 << 20, 0x20);
      const send = (left: number): void => {
        if (left > 0 && !socket.destroyed) socket.write(chunk, () => send(left - 1));
      };
      send(100);
    });
    expect(answer).toContain('413');
    expect(answer).toContain('PAYLOAD_TOO_LARGE');
    const { memMB } = await world.call<{ memMB: number }>('daemon.info');
    expect(memMB).toBeLessThan(200);
  });

  it('serves several projects, and says clearly what is wrong with a bad one', async () => {
    const folder = `${world.root}/shop`;
    mkdirSync(folder, { mode: 0o755 });
    writeFileSync(
      `${folder}/index.php`,
      '<?php echo "shop ", getenv("POSTGRES_PORT") !== false ? "with databases" : "alone";',
      { mode: 0o644 },
    );
    const shop = { id: 'shop', name: 'Shop', path: folder, domain: 'shop.test', stack: 'php', overrides: {} };
    expect(await world.call('config.setProject', shop)).toBe('ok');
    expect(await getSite('/', 'shop.test')).toMatchObject({ status: 200, body: 'shop with databases' });
    expect(await world.call('config.getProject', { id: 'shop' })).toEqual(shop);

    for (const [change, code, words] of [
      [{ path: '/no/such/folder' }, 'VALIDATION_FAILED', 'does not exist'],
      [{ domain: 'not a name' }, 'VALIDATION_FAILED', 'not a valid domain'],
      [{ id: 'other', domain: 'hello.test' }, 'DOMAIN_TAKEN', 'hello has it'],
      [{ domain: 'shop.example.com' }, 'VALIDATION_FAILED', 'cannot vouch'],
    ] as const) {
      const { code: exit, stderr } = await world.kojiResult(
        'call',
        'config.setProject',
        JSON.stringify({ ...shop, ...change }),
      );
      expect(stderr).toContain(code);
      expect(stderr).toContain(words);
      expect(stderr).toContain('→');
      expect(exit).toBeGreaterThan(0);
    }
    expect(await getSite('/', 'hello.test')).toMatchObject({ status: 200 });
    await world.koji('project', 'remove', 'shop');
    // Nothing vouches for the name any more.
    await expect(getSite('/', 'shop.test')).rejects.toThrow(/altnames/);
    expect(existsSync(`${folder}/index.php`)).toBe(true);
  });

  it('a page of a stopped PHP names the service and the cure', async () => {
    await world.koji('stop', 'php');
    const { status, body } = await getSite('/');
    expect(status).toBe(503);
    expect(body).toContain('koji start php');
    await world.koji('start', 'php');
    expect(await getSite('/')).toMatchObject({ status: 200 });
  });

  it('names the process that holds a busy port, and keeps the port range', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const config = { id: 'redis', enabled: true, ports: { redis: port }, env: {}, args: [] };
    const busy = await world.kojiResult('call', 'config.setService', JSON.stringify(config));
    server.close();
    expect(busy.stderr).toContain('PORT_CONFLICT');
    expect(busy.stderr).toContain(`process ${process.pid}`);
    const range = await world.kojiResult(
      'call',
      'config.setService',
      JSON.stringify({ ...config, ports: { redis: 70_000 } }),
    );
    expect(range).toMatchObject({ code: 2 });
    expect(range.stderr).toContain('VALIDATION_FAILED');
  });

  it('a half-written settings file is set aside, the last good one put back, and the user told', async () => {
    await world.call('config.setApp', { installPath: '/x', updateChannel: 'beta', telemetryOptIn: false });
    await world.call('config.setApp', { installPath: '/x', updateChannel: 'stable', telemetryOptIn: false });
    await world.koji('quit', '--keep-services');
    writeFileSync(world.path('app/config/app.json'), '{"schemaVersion":1,"val');
    expect(await world.call('config.getApp')).toMatchObject({ updateChannel: 'beta' });
    const { notices } = await world.call<{ notices: string[] }>('stack.status');
    expect(notices.join()).toContain('app.json was not readable');
    expect((await world.services()).map(({ state }) => state)).toEqual([
      'running',
      'running',
      'running',
      'running',
      'running',
    ]);
  });

  it('an altered manifest is refused with its own code', async () => {
    const manifest = readFileSync('dist/runtime/manifest.json', 'utf8');
    // In a copy of the program: other suites use this one.
    const program = join(world.root, 'program');
    cpSync('koji', join(program, 'koji'));
    cpSync('dist', join(program, 'dist'), { recursive: true, filter: (path) => !/electron|\.map$/.test(path) });
    const tamper = async (text: string): Promise<string> => {
      writeFileSync(join(program, 'dist/runtime/manifest.json'), text);
      const path = `${dirname(process.execPath)}:/usr/bin:/bin`;
      const other = createStackWorld({ PATH: path }, join(program, 'koji'));
      const { stderr } = await other.kojiResult('runtime', 'list');
      other.remove();
      return stderr;
    };
    expect(await tamper(manifest.replace('"php"', '"phq"'))).toContain('MANIFEST_SIGNATURE_INVALID');
    expect(await tamper(manifest.replace(/"signature": "[^"]*"/, '"signature": ""'))).toContain('MANIFEST_UNSIGNED');
    expect(await tamper(manifest.replace(/ed25519:[0-9a-f]{16}/, 'ed25519:0000000000000000'))).toContain(
      'MANIFEST_KEY_UNKNOWN',
    );
    expect(await tamper('nonsense')).toContain('MANIFEST_INVALID');
  });

  it('stays small and quiet when nobody looks', async () => {
    const { pid } = world.daemonFile();
    const cpu = (): number => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    const before = cpu();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const percent = (cpu() - before) / 3;
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
    console.log(`idle daemon: ${rss.toFixed(0)} MB RSS, ${percent.toFixed(2)} % CPU`);
    // A daemon that turns in a circle takes all of a processor; `npm run bench up` holds both figures.
    expect(percent).toBeLessThan(40);
    expect(rss).toBeLessThan(150);
  });
});
