/** A clock that is set while a daemon is being ended: by the time service, or when a machine wakes up. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import { layoutOf } from '../../core/layout.ts';
import { awaitHealthy, stopDaemon } from '../../daemon/handover/daemon-end.ts';
import { identifyNow } from '../../daemon/system/process-facts.linux.ts';

let home: string;
let holder: ChildProcess;
/** A program that has the lock, and ends when its input does. */
async function begin(): Promise<void> {
  home = mkdtempSync(join(tmpdir(), 'kojibox-clock-'));
  holder = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(holder, 'spawn');
  const { daemonLock } = layoutOf(home);
  mkdirSync(dirname(daemonLock), { recursive: true });
  writeFileSync(daemonLock, JSON.stringify(identifyNow(holder.pid ?? 0)));
  // Each look at the clock finds it an hour later.
  let hours = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => (hours += 3_600_000));
}
afterEach(() => {
  vi.restoreAllMocks();
  holder.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

it('does not give up early', async () => {
  await begin();
  const failed = (detail: string): KojiboxError => new KojiboxError('UPDATE_FAILED', 'cannot', { detail, source: 'x' });
  const stopped = stopDaemon(home, { except: null, failed });
  const healthy = awaitHealthy(home, null, performance.now() + 20_000);
  setTimeout(() => holder.stdin?.end(), 300);
  await expect(stopped).resolves.toBeUndefined();
  expect(await healthy).toBe('its daemon ended at its start');
});
