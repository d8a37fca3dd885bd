/** The shell that starts a daemon again: real programs in the place of the daemon, and pauses that are only noted. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { daemonCommand } from '../../client/daemon-launch.ts';
import { ensureDaemon } from '../../electron/main/daemon-process.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-guardian-'));
  chmodSync(root, 0o711);
  mkdirSync(join(root, 'bin'));
  // The pauses are what is under test, not their length.
  writeFileSync(join(root, 'bin', 'sleep'), `#!/bin/sh\necho "$1" >> ${root}/pauses\n`, { mode: 0o755 });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const read = (name: string): string[] =>
  existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8').trim().split('\n') : [];

/** Runs the guardian over a program that notes each start. */
function guard(
  program: string,
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string; ready: string }> {
  const file = join(root, 'program.mjs');
  writeFileSync(
    file,
    `import { appendFileSync, readFileSync, writeSync } from 'node:fs';
    appendFileSync('${root}/starts', 'x\\n');
    const starts = readFileSync('${root}/starts', 'utf8').length / 2;
    ${program}\n`,
  );
  const { file: command, args } = daemonCommand('linux', process.execPath, file);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`, KOJIBOX_READY_FD: '3', ...env },
  });
  let [output, ready] = ['', ''];
  child.stdout?.on('data', (part: Buffer) => (output += part.toString()));
  child.stderr?.on('data', (part: Buffer) => (output += part.toString()));
  child.stdio[3]?.on('data', (part: Buffer) => (ready += part.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output, ready })));
}

describe('the guardian', () => {
  it('gives up on a program that cannot load after three starts', async () => {
    const { code, output } = await guard("throw new Error('not today');");
    expect(code).toBe(1);
    expect(read('starts')).toHaveLength(3);
    expect(read('pauses')).toEqual(['1', '2']);
    expect(output).toContain('gave up after 3 starts in a row; the last one ended with code 1');
  });

  it('tells who waits when a later start works', async () => {
    const { code, ready } = await guard(
      "if (starts < 3) process.exit(1); writeSync(Number(process.env.KOJIBOX_READY_FD), 'ready');",
    );
    expect({ code, ready }).toEqual({ code: 0, ready: 'ready' });
    expect(read('starts')).toHaveLength(3);
  });

  it.each([
    { signal: 'SIGSEGV' as const, starts: 12 },
    { signal: 'SIGKILL' as const, starts: 32 },
  ])(
    'starts one again that ended by $signal, at once at first, then with longer pauses, and ends at last',
    async ({ signal, starts }) => {
      const { code } = await guard(
        `process.kill(process.pid, '${signal}'); await new Promise(() => setInterval(() => {}, 1000));`,
      );
      expect(code).toBe(128 + constants.signals[signal]);
      expect(read('starts')).toHaveLength(starts);
      expect(read('pauses')).toEqual(['1', '2', '4', '8', '16', '32']);
    },
  );

  it.each([0, 75, 78])('takes exit code %i for final', async (wanted) => {
    expect((await guard(`process.exit(${wanted});`)).code).toBe(wanted);
    expect(read('starts')).toHaveLength(1);
  });

  it('leaves a version on trial to the update', async () => {
    writeFileSync(join(root, 'update-1.trial'), '');
    expect((await guard('process.exit(3);', { KOJIBOX_TRIAL: join(root, 'update-1.trial') })).code).toBe(3);
    expect(read('starts')).toHaveLength(1);
  });

  it('starts one again whose trial is over, whatever a later update has there', async () => {
    for (const name of ['update.json', 'update-2.trial']) writeFileSync(join(root, name), '');
    const { code } = await guard('process.exit(3);', { KOJIBOX_TRIAL: join(root, 'update-1.trial') });
    expect(code).toBe(3);
    expect(read('starts')).toHaveLength(3);
  });
});

it('who started it is told why, and what helps', async () => {
  const program = join(root, 'broken.mjs');
  writeFileSync(program, "import 'a-package-that-is-not-there';\n");
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${join(root, 'bin')}:${path}`;
  try {
    await expect(
      ensureDaemon({ home: join(root, 'home'), program, binary: process.execPath, version: null }),
    ).rejects.toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      detail: expect.stringMatching(
        /^it ended with code 1: Error \[ERR_MODULE_NOT_FOUND\]: Cannot find package 'a-package/,
      ),
      remedy: expect.stringMatching(/Install Kojibox again .*daemon\.out\.log/),
    });
  } finally {
    process.env['PATH'] = path;
  }
});
