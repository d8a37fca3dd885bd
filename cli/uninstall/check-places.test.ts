import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkProcesses } from './check-places.ts';

describe.skipIf(process.platform !== 'linux')('processes of a home', () => {
  let home: string;
  const started: ChildProcess[] = [];
  /** The shell that keeps a daemon: it ends a moment after the daemon. */
  const guardian = async (seconds: number): Promise<ChildProcess> => {
    const child = spawn('/bin/sh', ['-c', 'echo; read _; sleep "$0"', String(seconds), '/x/dist/daemon/main.mjs'], {
      env: { KOJIBOX_HOME: home },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    started.push(child);
    await once(child.stdout, 'data');
    return child;
  };

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'kojibox-places-'));
  });
  afterAll(() => {
    for (const child of started) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  it('are none when the last of them was only ending', async () => {
    const child = await guardian(0.3);
    expect(await checkProcesses([home], 0)).toMatchObject({ state: 'left', cure: `kill ${child.pid ?? 0}` });
    child.stdin!.end('\n');
    expect(await checkProcesses([home])).toMatchObject({ state: 'clean', detail: 'none left' });
  });

  it('are told when they stay', async () => {
    const child = await guardian(60);
    expect(await checkProcesses([home], 100)).toMatchObject({
      state: 'left',
      detail: `still running: ${child.pid ?? 0}`,
    });
    expect(await checkProcesses([`${home}-of-another`], 0)).toMatchObject({ state: 'clean' });
  });
});
