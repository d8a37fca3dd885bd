/** Brings the stack up once for all specs, in a home of its own. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { upPrepared } from '../integration/prepared-stack.ts';

export default async function setUp(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-e2e-'));
  chmodSync(root, 0o711);
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  process.env['KOJIBOX_HOME'] = join(root, 'home');
  process.env['KOJIBOX_HOSTS_FILE'] = join(root, 'hosts');
  process.env['KOJIBOX_E2E_ROOT'] = root;
  await upPrepared(join(root, 'home'), () =>
    execFileSync('./koji', ['up', '--json'], { stdio: ['ignore', 'ignore', 'inherit'], timeout: 180_000 }),
  );
}
