import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DaemonFile } from '../../contract/daemon.ts';
import { createClient } from '../index.ts';
import { ownSocket } from './home-folder.ts';
import { createSocketLink } from './socket-link.ts';

let home: string;
let server: Server;
const at = (name: string): string => join(home, 'app', name);
const file = (name: string): DaemonFile => ({
  pid: 1,
  startedAt: '2030-01-01T00:00:00.000Z',
  version: '1',
  url: 'http://127.0.0.1:1',
  token: 't',
  socket: at(name),
});
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'kjs-'));
  mkdirSync(join(home, 'app'));
  writeFileSync(at('daemon.json'), '{}');
  server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(at('daemon.sock'), resolve));
  symlinkSync(at('daemon.sock'), at('link.sock'));
  writeFileSync(at('file.sock'), '');
});
afterAll(() => {
  server.close();
  rmSync(home, { recursive: true });
});

describe('the socket of the daemon', () => {
  it('is one of the user who wrote daemon.json', () =>
    expect(ownSocket(home, file('daemon.sock'), 'test')).toBe(at('daemon.sock')));

  it.each(['link.sock', 'file.sock'])('is not %s', (name) =>
    expect(() => ownSocket(home, file(name), 'test')).toThrow(
      expect.objectContaining({ code: 'PERMISSION_DENIED', detail: expect.stringContaining(name) }),
    ),
  );

  it('that is not there makes calls fail, and events try again', async () => {
    let there = false;
    const client = createClient(
      createSocketLink(() => ownSocket(home, file(there ? 'daemon.sock' : 'missing.sock'), 'test')),
    );
    await expect(client.call('daemon.info', {})).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
    let connections = 0;
    server.on('connection', () => connections++);
    const stream = client.events(() => undefined);
    there = true;
    await expect.poll(() => connections, { timeout: 5000 }).toBeGreaterThan(0);
    stream.close();
    client.close();
  });
});
