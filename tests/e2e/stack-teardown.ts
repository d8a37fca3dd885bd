/** Ends the stack of the end-to-end tests and removes its home. */
import { rmSync } from 'node:fs';
import { removeHome } from './remove-home.ts';

export default function tearDown(): void {
  removeHome();
  const root = process.env['KOJIBOX_E2E_ROOT'];
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
}
