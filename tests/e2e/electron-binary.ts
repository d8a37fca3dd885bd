/** Electron's binary, which is fetched apart from its package and may be out of reach. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** @returns the path of the executable; null when it is not here */
export function electronBinary(): string | null {
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const name = join(folder, 'path.txt');
  const file = join(folder, 'dist', existsSync(name) ? readFileSync(name, 'utf8').trim() : 'electron');
  return existsSync(file) ? file : null;
}
