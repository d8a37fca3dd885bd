/** PHP sites over a real php-fpm. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atMost } from '../figures.ts';
import { installPhp, startFpm, type Fpm } from './edge-php-fpm.ts';
import { createEdgeWorld, residentMb, until, writeSite, type EdgeWorld } from './edge-world.ts';

const WORKERS = 9;
const SITES = ['a.test', 'b.test', 'c.test', 'd.test'];
const MB = 1024 * 1024;

const FILES: Record<string, string> = {
  'index.php': '<?php echo "front ", $_SERVER["REQUEST_URI"], "|", $_SERVER["PATH_INFO"] ?? "-";',
  'info.php':
    '<?php header("Content-Type: application/json"); $h = hash_init("sha256"); $n = 0; $in = fopen("php://input", "r"); while (($d = fread($in, 65536)) !== false && $d !== "") { hash_update($h, $d); $n += strlen($d); } echo json_encode(["server" => $_SERVER, "env" => getenv("DB_NAME"), "length" => $n, "sha256" => hash_final($h), "get" => $_GET]);',
  'status.php': '<?php http_response_code((int) $_GET["code"]); echo "body";',
  'redirect.php': '<?php header("Location: /elsewhere");',
  'cookies.php': '<?php setcookie("a", "1"); setcookie("b", "2"); echo implode(",", array_keys($_COOKIE));',
  'error.php': '<?php error_log("something is off"); echo "fine";',
  'download.php':
    '<?php $mb = (int) $_GET["mb"]; for ($i = 0; $i < $mb; $i++) { echo str_repeat(chr(65 + $i % 26), 1048576); }',
  'slow.php': '<?php usleep(100000); echo "slept";',
  'drip.php':
    '<?php ignore_user_abort(true); for ($i = 0; $i < 600; $i++) { echo str_repeat("x", 4096); flush(); if (connection_aborted()) { file_put_contents(sys_get_temp_dir() . "/left-" . $_GET["id"], "left"); exit; } usleep(10000); }',
  'die.php':
    '<?php if (isset($_GET["after"])) { echo str_repeat("x", 100000); flush(); } posix_kill(posix_getpid(), 9);',
  'length.php': '<?php header("Content-Length: 10"); echo str_repeat("x", (int) $_GET["n"]);',
  'dir/index.php': '<?php echo "in dir ", $_SERVER["SCRIPT_NAME"];',
  'größe.php': '<?php echo "umlaut ", $_SERVER["SCRIPT_NAME"];',
};

let tree: string;
let fpm: Fpm | undefined;
let world: EdgeWorld;
let socket: string;

beforeAll(async () => {
  tree = await installPhp();
  let folder = '';
  world = await createEdgeWorld(
    SITES.map((host) => ({ host, routes: {} })),
    (config) => {
      folder = join(config.controlSocket, '..');
      socket = join(folder, 'fpm.sock');
      return {
        ...config,
        sites: config.sites.map((site) => {
          const documentRoot = join(folder, site.name, 'public');
          mkdirSync(documentRoot, { recursive: true });
          writeSite(documentRoot, { ...FILES, 'name.php': `<?php usleep(2000); echo "${site.name}";` });
          return {
            ...site,
            routes: [
              {
                path: '/',
                route: {
                  type: 'php',
                  documentRoot,
                  socket,
                  service: 'php',
                  env: { DB_NAME: 'shop "ü"' },
                  frontController: 'index.php',
                  maxConnections: WORKERS - 1,
                },
              },
            ],
          };
        }),
      };
    },
  );
  fpm = await startFpm({ tree, folder, socket, workers: WORKERS });
  await world.start();
});
afterAll(async () => {
  await world.close();
  await fpm?.stop();
});

interface Info {
  readonly server: Record<string, string>;
  readonly env: string;
  readonly length: number;
  readonly sha256: string;
  readonly get: Record<string, string>;
}
const infoOf = (text: string): Info => JSON.parse(text) as Info;
const session = (host: string): ClientHttp2Session =>
  connectHttp2(`https://${host}:${world.port}`, {
    ca: world.root,
    servername: host,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });

/** A request over HTTP/2. */
function ask(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const stream = client.request(headers, { endStream: body === undefined });
    let answer: Record<string, unknown> = {};
    let text = '';
    stream.on('response', (fields) => (answer = fields));
    stream.setEncoding('latin1').on('data', (part: string) => (text += part));
    stream.on('end', () => resolve({ status: Number(answer[':status']), headers: answer, text }));
    stream.on('error', reject);
    if (body !== undefined) stream.end(body);
  });
}

describe('what a script gets to know', () => {
  test('the variables of CGI, the project’s environment, and no header that could be mistaken', async () => {
    const reply = await world.get('a.test', '/info.php/extra/p%C3%A4th?x=1&y=a%20b', {
      method: 'POST',
      body: 'hello',
      headers: {
        proxy: 'http://evil',
        'x-forwarded-for': '6.6.6.6',
        forwarded: 'for=6.6.6.6',
        x_under: 'no',
        'x-under': 'yes',
        cookie: 'a=1',
        'content-type': 'text/plain',
      },
    });
    const { server, env, get, length } = infoOf(reply.text);
    expect(server).toMatchObject({
      REQUEST_METHOD: 'POST',
      REQUEST_URI: '/info.php/extra/p%C3%A4th?x=1&y=a%20b',
      QUERY_STRING: 'x=1&y=a%20b',
      SCRIPT_NAME: '/info.php',
      PATH_INFO: '/extra/päth',
      DOCUMENT_ROOT: join(world.folder, 'a.test/public'),
      SCRIPT_FILENAME: join(world.folder, 'a.test/public/info.php'),
      SERVER_NAME: 'a.test',
      SERVER_PORT: String(world.port),
      SERVER_PROTOCOL: 'HTTP/1.1',
      HTTPS: 'on',
      REQUEST_SCHEME: 'https',
      REMOTE_ADDR: '127.0.0.1',
      CONTENT_TYPE: 'text/plain',
      CONTENT_LENGTH: '5',
      HTTP_HOST: `a.test:${world.port}`,
      HTTP_X_UNDER: 'yes',
      HTTP_COOKIE: 'a=1',
    });
    for (const name of ['HTTP_PROXY', 'HTTP_X_FORWARDED_FOR', 'HTTP_FORWARDED'])
      expect(server).not.toHaveProperty(name);
    // WordPress looks for it before it offers addresses without index.php (wp-includes/vars.php).
    expect(server['SERVER_SOFTWARE']).toContain('nginx');
    expect(get).toEqual({ x: '1', y: 'a b' });
    expect(env).toBe('shop "ü"');
    expect(length).toBe(5);
  });

  test('the same over HTTP/2', async () => {
    const client = session('b.test');
    const reply = await ask(
      client,
      { ':path': '/info.php?z=2', ':method': 'PUT', cookie: 'a=1; b=2', proxy: 'x' },
      Buffer.from('abc'),
    );
    client.close();
    const { server, length } = infoOf(reply.text);
    expect(server).toMatchObject({
      SERVER_PROTOCOL: 'HTTP/2.0',
      REQUEST_METHOD: 'PUT',
      HTTP_HOST: `b.test:${world.port}`,
      HTTP_COOKIE: 'a=1; b=2',
    });
    expect(server).not.toHaveProperty('HTTP_PROXY');
    expect(length).toBe(3);
  });
});

describe('which script runs', () => {
  const cases: [path: string, text: string][] = [
    ['/', 'front /|-'],
    ['/no/such/page?a=1', 'front /no/such/page?a=1|-'],
    ['/dir/', 'in dir /dir/index.php'],
    ['/gr%C3%B6%C3%9Fe.php', 'umlaut /größe.php'],
    ['/missing.php', 'front /missing.php|-'],
    ['//dir//', 'in dir /dir/index.php'],
  ];
  for (const [path, text] of cases) {
    test(path, async () => expect((await world.get('a.test', path)).text).toBe(text));
  }
  test('a folder without its slash is redirected, and never to another host', async () => {
    expect((await world.get('a.test', '/dir?x=1')).headers['location']).toBe('/dir/?x=1');
    expect((await world.get('a.test', '//dir')).headers['location']).toBe('/dir/');
  });
});

describe('what comes back', () => {
  test('status, Location without a status, two cookies', async () => {
    expect((await world.get('a.test', '/status.php?code=418')).status).toBe(418);
    const redirect = await world.get('a.test', '/redirect.php');
    expect([redirect.status, redirect.headers['location']]).toEqual([302, '/elsewhere']);
    expect((await world.get('a.test', '/cookies.php')).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  test('HEAD and 204 have no body, and the connection goes on', async () => {
    const answer = await world.raw(
      'a.test',
      'HEAD /status.php?code=200 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /status.php?code=204 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /status.php?code=200 HTTP/1.1\r\nHost: a.test\r\n\r\n',
      1000,
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 200']);
    expect(answer.match(/body/g)).toHaveLength(1);
  });

  test('what a script writes to its error log is in the log of the edge', async () => {
    expect((await world.get('a.test', '/error.php')).text).toBe('fine');
    await until(() => world.log().includes('something is off'));
  });

  test('a script that writes more or less than it announced cannot forge an answer', async () => {
    expect((await world.get('a.test', '/length.php?n=10')).text).toBe('x'.repeat(10));
    const more = await world.get('a.test', '/length.php?n=20').catch((error: Error) => error);
    // Known whole before the head went out: the true length is sent.
    expect(more instanceof Error ? 20 : more.body.length).toBe(20);
  });

  test('a worker that dies: 502 before it wrote, a broken connection after', async () => {
    const before = await world.get('a.test', '/die.php', { headers: { accept: 'application/json' } });
    expect(before.status).toBe(502);
    expect(JSON.parse(before.text)).toMatchObject({
      error: { service: 'php', cure: ['koji logs php'] },
    });
    await expect(world.get('a.test', '/die.php?after')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });
});

describe('large bodies', () => {
  test('100 MB up and 100 MB down with flat memory', async () => {
    await world.get('a.test', '/');
    const before = residentMb(world.pid);
    let most = before;
    const timer = setInterval(() => (most = Math.max(most, residentMb(world.pid))), 20);
    const chunk = Buffer.alloc(MB, 'abcdefghij');
    const hash = createHash('sha256');
    const reply = await new Promise<string>((resolve, reject) => {
      const sent = httpsRequest(
        {
          host: '127.0.0.1',
          port: world.port,
          servername: 'a.test',
          ca: world.root,
          path: '/info.php',
          method: 'POST',
          agent: false,
          headers: { host: 'a.test', 'content-length': 100 * MB },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () => resolve(text));
        },
      );
      sent.on('error', reject);
      let left = 100;
      const push = (): void => {
        for (let writable = true; left > 0 && writable; left--) {
          hash.update(chunk);
          writable = sent.write(chunk);
        }
        if (left === 0) sent.end();
        else sent.once('drain', push);
      };
      push();
    });
    expect(infoOf(reply)).toMatchObject({ length: 100 * MB, sha256: hash.digest('hex') });

    const down = await new Promise<{ size: number; sha256: string }>((resolve, reject) => {
      const sent = httpsRequest(
        {
          host: '127.0.0.1',
          port: world.port,
          servername: 'a.test',
          ca: world.root,
          path: '/download.php?mb=100',
          agent: false,
          headers: { host: 'a.test' },
        },
        (answer) => {
          const seen = createHash('sha256');
          let size = 0;
          answer.on('data', (data: Buffer) => {
            seen.update(data);
            size += data.length;
          });
          answer.on('error', reject);
          answer.on('end', () => resolve({ size, sha256: seen.digest('hex') }));
        },
      );
      sent.on('error', reject);
      sent.end();
    });
    clearInterval(timer);
    const expected = createHash('sha256');
    for (let at = 0; at < 100; at++) expected.update(Buffer.alloc(MB, 65 + (at % 26)));
    expect(down).toEqual({ size: 100 * MB, sha256: expected.digest('hex') });
    console.log(`100 MB up and down: memory ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most`);
    // One body kept whole would be 100 MB; what the collector has not yet freed is well below.
    expect(most - before).toBeLessThan(90);
  });

  test('a client that does not read holds the script back, not the memory of the edge', async () => {
    const before = residentMb(world.pid);
    const client = await world.connect('a.test');
    client.write('GET /download.php?mb=200 HTTP/1.1\r\nHost: a.test\r\n\r\n');
    client.pause();
    for (let at = 0; at < 20; at++) await world.get('a.test', '/slow.php');
    // Of the 200 MB that wait.
    expect(residentMb(world.pid) - before).toBeLessThan(80);
    client.destroy();
  });

  test('chunks without a length, small and large, over both protocols', async () => {
    for (const size of [0, 5, 3 * MB]) {
      const data = Buffer.alloc(size, 'k');
      const sha256 = createHash('sha256').update(data).digest('hex');
      const chunked = await world.get('a.test', '/info.php', {
        method: 'POST',
        body: data,
        headers: { 'transfer-encoding': 'chunked' },
      });
      expect(infoOf(chunked.text)).toMatchObject({ length: size, sha256 });
      const client = session('a.test');
      const reply = await ask(client, { ':path': '/info.php', ':method': 'POST' }, data);
      client.close();
      expect(infoOf(reply.text)).toMatchObject({ length: size, sha256 });
    }
  });

  test('20 MB up over HTTP/2 with a length', async () => {
    const data = Buffer.alloc(20 * MB, '0123456789');
    const client = session('a.test');
    const reply = await ask(
      client,
      { ':path': '/info.php', ':method': 'POST', 'content-length': String(data.length) },
      data,
    );
    client.close();
    expect(infoOf(reply.text)).toMatchObject({
      length: data.length,
      sha256: createHash('sha256').update(data).digest('hex'),
    });
  });
});

describe('several at once', () => {
  test('four sites, two protocols, 400 requests: each gets its own answer', async () => {
    const clients = new Map(SITES.map((host) => [host, session(host)]));
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, at) => {
        const host = SITES[at % SITES.length] ?? '';
        const client = clients.get(host);
        if (at % 8 < 4 || client === undefined) return [host, (await world.get(host, '/name.php')).text];
        return [host, (await ask(client, { ':path': '/name.php' })).text];
      }),
    );
    for (const client of clients.values()) client.close();
    for (const [host, text] of answers) expect(text).toBe(host);
  });

  test('more slow requests than workers: all are answered', async () => {
    const began = performance.now();
    const replies = await Promise.all(Array.from({ length: 40 }, () => world.get('a.test', '/slow.php')));
    expect(new Set(replies.map(({ text }) => text))).toEqual(new Set(['slept']));
    // 40 of 100 ms on 8 connections are 500 ms; one after the other they would be 4 s.
    expect(performance.now() - began).toBeLessThan(atMost(2500));
  });

  test('a certificate for another host: 421', async () => {
    const reply = await world.get('a.test', '/', { headers: { host: 'b.test' } });
    expect(reply.status).toBe(421);
  });
});

describe('clients that go away', () => {
  test('the script is told, over both protocols', async () => {
    const client = await world.connect('a.test');
    client.write('GET /drip.php?id=one HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await new Promise((resolve) => client.once('data', resolve));
    client.destroy();
    const second = session('a.test');
    const stream = second.request({ ':path': '/drip.php?id=two' });
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('data', resolve));
    stream.close(8);
    await until(() => ['one', 'two'].every((id) => existsSync(join(world.folder, `left-${id}`))));
    second.close();
  });

  test('those that leave while they wait for a worker cost nothing', async () => {
    const sockets = await Promise.all(Array.from({ length: 60 }, () => world.connect('a.test')));
    for (const each of sockets) each.write('GET /slow.php HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await until(() => true);
    for (const each of sockets) each.destroy();
    const began = performance.now();
    expect((await world.get('a.test', '/name.php')).text).toBe('a.test');
    expect(performance.now() - began).toBeLessThan(atMost(1000));
  });
});

describe('php-fpm comes and goes', () => {
  for (const [signal, mayFail] of [
    // On a busy machine a worker may be told to end while it answers, for each of the four.
    ['SIGQUIT', 4],
    ['SIGKILL', 4],
  ] as const) {
    test(`restarted with ${signal} under the load of four visitors: at most ${mayFail} see it, those it was answering`, async () => {
      let stop = false;
      const seen = new Map<number, number>();
      const load = Array.from({ length: 4 }, async () => {
        while (!stop) {
          const { status } = await world.get('a.test', '/name.php');
          seen.set(status, (seen.get(status) ?? 0) + 1);
        }
      });
      const more = (): Promise<void> => {
        const before = seen.get(200) ?? 0;
        return until(() => (seen.get(200) ?? 0) > before + 50);
      };
      await more();
      const began = performance.now();
      await fpm?.stop(signal);
      fpm = await startFpm({ tree, folder: world.folder, socket, workers: WORKERS });
      const gapMs = performance.now() - began;
      await more();
      stop = true;
      await Promise.all(load);
      console.log(`${signal}, php-fpm away for ${gapMs.toFixed(0)} ms: ${JSON.stringify(Object.fromEntries(seen))}`);
      const failed = [...seen].filter(([status]) => status !== 200).reduce((sum, [, times]) => sum + times, 0);
      expect(failed, world.log()).toBeLessThanOrEqual(mayFail);
    });
  }

  test('stopped: a friendly 503 that names the cure, and 200 again as soon as it is back', async () => {
    await fpm?.stop();
    const page = await world.get('a.test', '/name.php', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(503);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const text of ['koji start php', 'koji logs php']) expect(page.text).toContain(text);
    expect(page.text).not.toMatch(/at .*\.ts:\d+/);
    fpm = await startFpm({ tree, folder: world.folder, socket, workers: WORKERS });
    expect((await world.get('a.test', '/name.php')).text).toBe('a.test');
  });

  test('idle connections are given up, so that workers are free for others', async () => {
    await world.get('a.test', '/name.php');
    const connections = (): number =>
      readFileSync('/proc/net/unix', 'utf8')
        .split('\n')
        .filter((line) => line.endsWith(socket) && / 03 /.test(line)).length;
    expect(connections()).toBeGreaterThan(0);
    await until(() => connections() === 0);
  });
});
