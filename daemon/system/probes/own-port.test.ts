import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { probeRunner } from './probe-runner.ts';

let child: ChildProcess | null = null;
afterEach(() => {
  if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  child = null;
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
/** A server below a shell, as a package script starts it. */
const serve = (port: number, host: string): void => {
  const code = `require('node:http').createServer((q, s) => s.end('x')).listen(${port}, '${host}')`;
  child = spawn('/bin/sh', ['-c', `"${process.execPath}" -e "${code}"; true`], { detached: true, stdio: 'ignore' });
};
async function ready(port: number): Promise<unknown> {
  for (let round = 0; round < 200; round += 1) {
    const result = await probeRunner.probe({ type: 'own-port', port }, 1000, child?.pid ?? null);
    if (result.ok) return { text: result.text, address: result.address };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it was not reached');
}

it('reaches a server on the IPv6 loopback address alone', async () => {
  const port = await freePort();
  serve(port, '::1');
  expect(await ready(port)).toMatchObject({ address: { host: '::1', port } });
});

it('finds a server that chose a port of its own, and says so', async () => {
  const [port, other] = [await freePort(), await freePort()];
  serve(other, '127.0.0.1');
  expect(await ready(port)).toEqual({
    text: `listens on ${other}, not on $PORT ${port}`,
    address: { host: '127.0.0.1', port: other },
  });
});

it('says of a program that is not reached where it listens, or that it listens nowhere', async () => {
  const port = await freePort();
  child = spawn('/bin/sleep', ['60'], { detached: true });
  const silent = await probeRunner.probe({ type: 'own-port', port }, 500, child.pid ?? null);
  expect(silent).toMatchObject({ ok: false, text: expect.stringContaining('listens on no port') as string });
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  serve(port, '127.0.0.2');
  await expect
    .poll(async () => (await probeRunner.probe({ type: 'own-port', port }, 500, child?.pid ?? null)).text, {
      timeout: 20_000,
    })
    .toContain(`listens on 127.0.0.2:${port},`);
});

it('takes no port of a program that it did not start', async () => {
  const [port, other] = [await freePort(), await freePort()];
  const stranger = createServer().listen(other, '127.0.0.1');
  child = spawn('/bin/sleep', ['60'], { detached: true });
  for (let round = 0; round < 6; round += 1) {
    expect((await probeRunner.probe({ type: 'own-port', port }, 500, child.pid ?? null)).ok).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
  stranger.close();
});
