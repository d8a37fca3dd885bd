import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTime, openPlainFile, openPlainHandle, readForeign } from './foreign-files.ts';

const isRoot = process.getuid?.() === 0;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-foreign-'));
  writeFileSync(join(folder, 'plain'), 'text');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const refusal = (path: string, options = {}): Promise<unknown> =>
  readForeign(path, options).then(
    () => null,
    (error: { code?: string }) => error.code,
  );

describe('a foreign file', () => {
  it('is read when it is a regular one; nothing is null', async () => {
    expect((await readForeign(at('plain')))?.toString()).toBe('text');
    expect(await readForeign(at('none'))).toBeNull();
    expect(await readForeign(at('plain/below'))).toBeNull();
  });

  it('is refused at once when it is a FIFO, a terminal, an endless device, a folder or a socket', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    for (const [name, target] of Object.entries({
      ptmx: '/dev/ptmx',
      zero: '/dev/zero',
      link: at('fifo'),
      tty: '/dev/tty',
    }))
      symlinkSync(target, at(name));
    mkdirSync(at('folder'));
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    for (const name of ['fifo', 'ptmx', 'zero', 'link', 'tty', 'folder', 'socket'])
      expect(await refusal(at(name)), name).toBe('FILE_REFUSED');
    for (const name of ['fifo', 'socket'])
      expect(await refusal(at(name), { followsLink: false }), name).toBe('FILE_REFUSED');
    await new Promise((resolve) => server.close(resolve));
  });

  it('is refused by its size before anything of it is read', async () => {
    writeFileSync(at('sparse'), '');
    truncateSync(at('sparse'), 1_900_000_000);
    const before = process.memoryUsage.rss();
    expect(await refusal(at('sparse'))).toBe('FILE_REFUSED');
    expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000);
    writeFileSync(at('exact'), 'x'.repeat(10));
    expect((await readForeign(at('exact'), { maxBytes: 10 }))?.length).toBe(10);
    expect(await refusal(at('exact'), { maxBytes: 9 })).toBe('FILE_REFUSED');
    // It has no size, and a content all the same.
    expect(await refusal('/proc/self/maps', { maxBytes: 10 })).toBe('FILE_REFUSED');
    expect((await readForeign('/proc/self/maps'))?.length).toBeGreaterThan(1000);
  });

  it('is refused as a link, or with a second name, where that is asked for', async () => {
    symlinkSync(at('plain'), at('alias'));
    linkSync(at('plain'), at('second'));
    expect((await readForeign(at('alias')))?.toString()).toBe('text');
    expect(await refusal(at('alias'), { followsLink: false })).toBe('FILE_REFUSED');
    expect(await refusal(at('second'), { hasOneName: true })).toBe('FILE_REFUSED');
    symlinkSync(at('round'), at('round'));
    expect(await refusal(at('round'))).toBe('FILE_REFUSED');
  });

  it.runIf(isRoot)('is not read by root through a link of a user who could not read it', async () => {
    mkdirSync(at('users'), { mode: 0o755 });
    chownSync(at('users'), 4321, 4321);
    mkdirSync(at('closed'), { mode: 0o700 });
    writeFileSync(at('closed/open.json'), '{}', { mode: 0o644 });
    writeFileSync(at('hidden.json'), '{}', { mode: 0o600 });
    writeFileSync(at('public.json'), '{}', { mode: 0o644 });
    execFileSync('chmod', ['755', folder]);
    for (const [name, target] of [
      ['a', 'closed/open.json'],
      ['b', 'hidden.json'],
      ['c', 'public.json'],
    ] as const)
      symlinkSync(at(target), at(`users/${name}`));
    expect(await refusal(at('users/a'))).toBe('FILE_REFUSED');
    expect(await refusal(at('users/b'))).toBe('FILE_REFUSED');
    expect((await readForeign(at('users/c')))?.toString()).toBe('{}');
  });

  it('costs its caller no more than the deadline', async () => {
    const never = new Promise<void>(() => undefined);
    await expect(inTime(at('plain'), { deadlineMs: 5 }, () => never)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
  });
});

describe('a plain file', () => {
  it('is opened for any work; a link, a FIFO, a folder and a socket of its name are not, and nothing waits for them', async () => {
    const place = mkdtempSync(join(tmpdir(), 'kojibox-plain-'));
    const within = (name: string): string => join(place, name);
    const listener = createServer().listen(within('socket'));
    try {
      await once(listener, 'listening');
      writeFileSync(within('file'), 'content');
      symlinkSync(within('file'), within('link'));
      symlinkSync(within('nothing'), within('loose'));
      mkdirSync(within('folder'));
      execFileSync('mkfifo', [within('fifo')]);
      for (const flags of [constants.O_RDONLY, constants.O_RDWR, constants.O_WRONLY | constants.O_APPEND]) {
        const open = openPlainFile(within('file'), flags);
        expect(open?.stat.size).toBe(7);
        closeSync(open?.descriptor ?? -1);
        await (await openPlainHandle(within('file'), flags)).close();
        for (const name of ['link', 'loose', 'folder', 'fifo', 'socket']) {
          expect(openPlainFile(within(name), flags | constants.O_CREAT), name).toBeNull();
          await expect(openPlainHandle(within(name), flags), name).rejects.toThrow();
        }
        expect(() => openPlainFile(within('nothing'), flags)).toThrow('ENOENT');
      }
      expect(existsSync(within('nothing'))).toBe(false);
    } finally {
      listener.close();
      rmSync(place, { recursive: true });
    }
  });
});
