/** A launch whose record cannot be written, and a record that is lost: the service is found by its mark, and can be ended. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('a service is never forgotten, whatever becomes of its record', () => {
  const home = mkdtempSync(join(tmpdir(), 'kojibox-lost-'));
  try {
    mkdirSync(join(home, 'state'));
    const script = `mount -t tmpfs -o size=4k tmpfs '${home}/state' && exec "$0" --no-warnings tests/drivers/lost-records-child.ts '${home}'`;
    const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
    const output = execFileSync('unshare', [...asRoot, '--mount', '/bin/sh', '-c', script, process.execPath], {
      encoding: 'utf8',
    });
    const report = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { pid: number };
    expect(report).toEqual({
      pid: report.pid,
      // There was no room for it.
      identity: null,
      afterRecover: { pid: report.pid, others: 0 },
      found: report.pid,
      isAlive: false,
      again: 0,
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
