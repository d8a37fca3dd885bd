/** Ends the stack of the end-to-end tests and removes its home. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';

export default function tearDown(): void {
  execFileSync('./koji', ['uninstall', '--purge', '--yes'], { stdio: 'ignore', timeout: 60_000 });
  const root = process.env['KOJIBOX_E2E_ROOT'];
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
}
