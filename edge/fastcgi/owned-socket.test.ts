import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectToOwned } from './owned-socket.ts';

const [ANN, BOB] = [4321, 4322];
const isRoot = process.getuid?.() === 0;

describe('a socket of PHP', () => {
  let folder: string;
  const servers: Server[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kb-sock-'));
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A folder of a user with a socket that says whose it is. */
  const listen = async (user: number | null, name: string): Promise<string> => {
    const path = join(folder, name, 'php.sock');
    mkdirSync(join(folder, name));
    const server = createServer((socket) => socket.end(name));
    servers.push(server);
    server.listen(path);
    await once(server, 'listening');
    if (user === null) return path;
    for (const owned of [path, join(folder, name)]) chownSync(owned, user, user);
    chmodSync(path, 0o660);
    return path;
  };
  const answerOf = async (path: string): Promise<string> => {
    const socket = connectToOwned(path);
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await once(socket, 'close');
    return text;
  };

  it('in a folder of the own user is connected to', async () => {
    expect(await answerOf(await listen(null, 'own'))).toBe('own');
  });

  it('that is not there is an error of the connection', async () => {
    await expect(answerOf(join(folder, 'none', 'php.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  describe.runIf(isRoot)('of another user', () => {
    it('is connected to', async () => {
      expect(await answerOf(await listen(ANN, 'ann'))).toBe('ann');
    });

    it.each([
      ['a link', (other: string, place: string) => symlinkSync(other, place)],
      ['the socket itself, moved there', (other: string, place: string) => renameSync(other, place)],
    ])('is not reached by the name of one of a third user: %s', async (_, plant) => {
      const [ann, bob] = [await listen(ANN, 'ann'), await listen(BOB, 'bob')];
      rmSync(ann);
      plant(bob, ann);
      if (_ === 'a link') lchownSync(ann, ANN, ANN);
      await expect(answerOf(ann)).rejects.toMatchObject({ code: expect.stringMatching(/^(ELOOP|EPERM)$/) as string });
    });
  });
});
