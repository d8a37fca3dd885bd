/** A home folder with the settings of other local stacks in their usual places, from tests/fixtures/imports. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const FIXTURES = 'tests/fixtures/imports';
const PLACES: Readonly<Record<string, string>> = {
  laragon: 'laragon',
  xampp: 'xampp',
  mamp: 'MAMP',
  valet: '.config/valet',
  herd: '.config/herd/config/valet',
  flyenv: '.config/FlyEnv',
  'ddev-home': '.ddev',
  'ddev-project': 'code/news',
  sites: 'sites',
  'herd-sites': 'herd-sites',
  'fly-sites': 'fly-sites',
};

/** @param home made when it is missing; the services' user may pass and read */
export function layOutImportHome(home: string): void {
  mkdirSync(home, { recursive: true });
  for (const [fixture, place] of Object.entries(PLACES)) {
    const target = join(home, place);
    cpSync(join(FIXTURES, fixture), target, { recursive: true });
    for (const file of filesIn(target)) {
      const text = readFileSync(file, 'utf8');
      if (text.includes('@ROOT@')) writeFileSync(file, text.replaceAll('@ROOT@', home));
    }
  }
  mkdirSync(join(home, '.config/valet/Sites'));
  symlinkSync(join(home, 'sites/wiki'), join(home, '.config/valet/Sites/docs'));
  symlinkSync(join(home, 'nowhere'), join(home, '.config/valet/Sites/lost'));
  chmodSync(home, 0o755);
}

/** Everything below, links not followed. */
function filesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return lstatSync(path).isDirectory() ? filesIn(path) : lstatSync(path).isFile() ? [path] : [];
  });
}

/** Changes when any file, its name or its content does. */
export function fingerprintOf(folder: string): string {
  const hash = createHash('sha256');
  for (const file of filesIn(folder).sort())
    hash.update(`${file}\0${lstatSync(file).mtimeMs}\0`).update(readFileSync(file));
  return hash.digest('hex');
}
