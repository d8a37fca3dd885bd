/**
 * Runtimes that an earlier suite of the same build installed, and databases that it began, so that not every suite unpacks the same 150
 * packages and makes the same empty databases again. Both are tested where they are meant: stack, newcomer, first-run, runtimes, pack.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { editElf } from '../../daemon/archives/elf-edit.ts';
import { readElf } from '../../daemon/archives/elf.ts';
import { SYSTEM_TIME_ZONES } from '../../core/runtimes/time-zones.ts';

/** The files of the installed trees that name the home: settings, and the programs with their loader. */
const NAMING_THE_HOME = 'runtime/bin/php/*/*/usr/bin/php.ini';
const PROGRAMS = ['runtime/bin/*/*/*/usr/{bin,sbin}/*', 'runtime/bin/*/*/*/usr/lib/postgresql/*/bin/*'];
const KEPT = ['runtime/bin', 'runtime/lock.json', 'runtime/cache/downloads'];
/** Empty databases, and the passwords that they were made with. */
const BEGUN = ['runtime/data/postgres', 'runtime/data/mariadb', 'app/config/secrets.json', 'app/config/secrets.key'];

const digest = (...parts: (string | Buffer)[]): string =>
  parts
    .reduce((hash, part) => hash.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 16);

/** One per checkout; another build of it makes its own. */
const store = (): string => join(tmpdir(), `kojibox-test-stack-${userInfo().uid}-${digest(process.cwd())}`);
const build = (): string => digest(readFileSync('dist/daemon/main.mjs'), readFileSync('dist/runtime/manifest.json'));

/** Copies with owners, modes, times and links as they are; shares the blocks where the file system can. */
const copy = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  execFileSync('cp', ['-a', '--reflink=auto', from, to]);
};
/** The same files under a second name, for what is never changed in its place. */
const link = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  execFileSync('cp', ['-al', from, to]);
};

function moveHome(folder: string, from: string, to: string): void {
  for (const name of globSync(NAMING_THE_HOME, { cwd: folder })) {
    const file = join(folder, name);
    const [text, { mode }] = [readFileSync(file, 'utf8'), statSync(file)];
    // Not in its place: it may have a second name.
    rmSync(file);
    writeFileSync(file, text.replaceAll(from, to), { mode });
  }
  for (const name of globSync(PROGRAMS, { cwd: folder })) {
    const file = join(folder, name);
    const found = lstatSync(file);
    const elf = found.isFile() ? readElf(file) : null;
    if (elf?.interpreter?.startsWith(`${from}/`) !== true) continue;
    const bytes = readFileSync(file);
    moveTimeZones(bytes, from, to);
    rmSync(file);
    writeFileSync(file, bytes, { mode: found.mode });
    editElf(file, { interpreter: `${to}${elf.interpreter.slice(from.length)}`, runPath: elf.rpath.join(':') });
  }
}

/** The paths of time zones that an install has put into PHP. A longer path does not fit: then they are the system's. */
function moveTimeZones(program: Buffer, from: string, to: string): void {
  for (let at = program.indexOf(`${from}/`); at !== -1; at = program.indexOf(`${from}/`, at + 1)) {
    const old = program.toString('latin1', at, program.indexOf(0, at));
    const zones = old.indexOf(SYSTEM_TIME_ZONES);
    if (zones === -1) continue;
    const moved = `${to}${old.slice(from.length)}`;
    program.fill(0, at, at + old.length);
    program.write(moved.length > old.length ? old.slice(zones) : moved, at, 'latin1');
  }
}

interface Lock {
  readonly value: readonly { readonly name: string; readonly artifacts: readonly { readonly file: string }[] }[];
}

/** The folder of this build; null: no suite has prepared one. */
const findPrepared = (): string | null => {
  const prepared = join(store(), build());
  return existsSync(prepared) ? prepared : null;
};

/**
 * Puts the runtimes where a home that does not exist yet will have them.
 *
 * @param only their names; default: all
 * @returns false when no suite has prepared them for this build
 */
export function takePrepared(home: string, only?: readonly string[]): boolean {
  const prepared = findPrepared();
  if (prepared === null) return false;
  mkdirSync(join(home, 'runtime'), { recursive: true, mode: 0o755 });
  if (only === undefined) for (const name of KEPT) copy(join(prepared, name), join(home, name));
  else {
    const lock = JSON.parse(readFileSync(join(prepared, 'runtime/lock.json'), 'utf8')) as Lock;
    const value = lock.value.filter(({ name }) => only.includes(name));
    const files = value.flatMap(({ name, artifacts }) => [`runtime/bin/${name}`, ...artifacts.map(({ file }) => file)]);
    for (const name of new Set(files)) copy(join(prepared, name), join(home, name));
    writeFileSync(join(home, 'runtime/lock.json'), JSON.stringify({ ...lock, value }), { mode: 0o600 });
  }
  moveHome(home, readFileSync(join(prepared, 'home'), 'utf8'), home);
  return true;
}

/** The packages that were fetched for it; null: none has been prepared for this build. Each is checked again before it is used. */
export function preparedDownloads(): string | null {
  const folder = join(store(), build(), 'runtime/cache/downloads');
  return existsSync(folder) ? folder : null;
}

/** @param home its stack has ended */
function keepPrepared(home: string): void {
  mkdirSync(store(), { recursive: true });
  // Of former builds. What another worker is just making stays.
  for (const name of readdirSync(store()))
    if (name !== build() && !name.startsWith('staging-')) rmSync(join(store(), name), { recursive: true, force: true });
  const staging = mkdtempSync(join(store(), 'staging-'));
  try {
    for (const name of [...KEPT, ...BEGUN]) copy(join(home, name), join(staging, name));
    writeFileSync(join(staging, 'home'), home);
    renameSync(staging, join(store(), build()));
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    // Another worker was first.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/**
 * Puts the runtimes and the empty databases where a home that does not exist yet will have them.
 *
 * @returns false when no suite has prepared them for this build
 */
export function takeBegun(home: string): boolean {
  const prepared = findPrepared();
  if (prepared === null) return false;
  mkdirSync(join(home, 'runtime'), { recursive: true, mode: 0o755 });
  mkdirSync(join(home, 'app/config'), { recursive: true, mode: 0o755 });
  for (const name of KEPT) (name === 'runtime/lock.json' ? copy : link)(join(prepared, name), join(home, name));
  for (const name of BEGUN) copy(join(prepared, name), join(home, name));
  moveHome(home, readFileSync(join(prepared, 'home'), 'utf8'), home);
  return true;
}

/**
 * `koji up` of the whole stack in a home that does not exist yet.
 *
 * @param up brings it up, and installs what is not there
 */
export async function upPrepared(home: string, up: () => unknown): Promise<void> {
  const isPrepared = takeBegun(home);
  await up();
  if (isPrepared) return;
  // Databases are copied at rest.
  execFileSync('./koji', ['quit'], { env: { ...process.env, KOJIBOX_HOME: home }, stdio: 'ignore' });
  keepPrepared(home);
  await up();
}
