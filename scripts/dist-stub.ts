/** A folder that stands in for Electron's binary: packaging copies it, sets its fuses, and what is packaged can be run with it as plain Node. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FUSE_SENTINEL } from './dist-layout.ts';

/** All fuses in the opposite of what is wanted, so that a fuse which packaging leaves alone is found. Version 1, nine fuses. */
const FUSE_WIRE = '\u0001\u0009001100111';

/** @returns the folder, below a temporary one that the caller removes */
export function createElectronStub(): { readonly root: string; readonly electronDist: string } {
  const root = mkdtempSync(join(tmpdir(), 'kojibox-dist-'));
  const electronDist = join(root, 'electron');
  for (const folder of ['locales', 'resources']) mkdirSync(join(electronDist, folder), { recursive: true });
  writeFileSync(
    join(electronDist, 'electron'),
    `#!/bin/sh\nexec '${process.execPath}' "$@"\n# ${FUSE_SENTINEL}${FUSE_WIRE}\n`,
    { mode: 0o755 },
  );
  for (const locale of ['en-US', 'id', 'de']) writeFileSync(join(electronDist, 'locales', `${locale}.pak`), '');
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'version']) writeFileSync(join(electronDist, name), '');
  return { root, electronDist };
}
