/** The desktop app's way to the daemon, with plain Node in the place of the app's own binary. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DaemonFile } from '../../contract/daemon.ts';
import { connectTo, ensureDaemon, findDaemon } from '../../electron/main/daemon-process.ts';

const program = join(process.cwd(), 'dist', 'daemon', 'main.mjs');
let root: string;
let home: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-shell-'));
  chmodSync(root, 0o711);
  home = join(root, 'home');
  writeFileSync(join(root, 'hosts'), '');
  process.env['KOJIBOX_HOSTS_FILE'] = join(root, 'hosts');
});
afterEach(() => {
  const env = { ...process.env, KOJIBOX_HOME: home };
  spawnSync(process.execPath, ['--no-warnings', 'dist/cli/main.mjs', 'quit'], { env, timeout: 60_000 });
  delete process.env['KOJIBOX_HOSTS_FILE'];
  rmSync(root, { recursive: true, force: true });
});

const ensure = (version: string | null = null): Promise<DaemonFile> =>
  ensureDaemon({ home, program, binary: process.execPath, version });
const environmentOf = (pid: number): string => readFileSync(`/proc/${pid}/environ`, 'latin1');

describe('the daemon of the desktop app', () => {
  it('is started detached, run as Node, and found again', async () => {
    expect(await findDaemon(home)).toBeNull();
    const started = await ensure();
    expect(environmentOf(started.pid)).toContain('ELECTRON_RUN_AS_NODE=1');
    // A session of its own (field 6 of /proc/PID/stat): it does not end with the app.
    const session = Number(readFileSync(`/proc/${started.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3]);
    const own = Number(readFileSync(`/proc/${process.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3]);
    expect(session).not.toBe(own);
    expect((await ensure()).pid).toBe(started.pid);
  });

  it('two starts at once end with one daemon', async () => {
    const [a, b] = await Promise.all([ensure(), ensure()]);
    expect(a.pid).toBe(b.pid);
  });

  it('comes back after a crash, and the same client goes on', async () => {
    const started = await ensure();
    const client = connectTo(home, started, 'operate');
    const statuses: string[] = [];
    let snapshots = 0;
    const back = new Promise<void>((resolve) => {
      client.events(
        (event) => {
          if (event.event === 'snapshot' && ++snapshots === 2) resolve();
          if (snapshots === 1 && event.event === 'snapshot') process.kill(started.pid, 'SIGKILL');
        },
        (status) => statuses.push(status),
      );
    });
    await back;
    const info = await client.call('daemon.info', {});
    expect(info.pid).not.toBe(started.pid);
    expect(statuses).toContain('disconnected');
    client.close();
  });

  it('of an older app is replaced by the one of a newer app, and never the other way round', async () => {
    const started = await ensure();
    expect((await ensure('0.0.1')).pid).toBe(started.pid);
    expect((await ensure(started.version)).pid).toBe(started.pid);
    expect((await ensure('999.0.0')).pid).not.toBe(started.pid);
  });

  it('says why when it cannot be started', async () => {
    await expect(
      ensureDaemon({ home, program: join(root, 'missing.mjs'), binary: process.execPath, version: null }),
    ).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE', detail: expect.stringContaining('missing.mjs is missing') });
    // What it makes its folders of is a file.
    mkdirSync(join(home, 'app', 'logs'), { recursive: true });
    writeFileSync(join(home, 'runtime'), '');
    await expect(ensure()).rejects.toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      detail: expect.stringContaining('ENOTDIR'),
      remedy: expect.stringContaining('daemon.out.log'),
    });
  });
});
