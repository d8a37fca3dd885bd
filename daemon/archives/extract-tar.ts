/** Writes what a tar file was found to hold. Every place was checked beforehand, with all links followed: see tar-scan.ts. */
import {
  closeSync,
  constants,
  fchmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Planned } from './tar-scan.ts';
import { unsafe } from './tree-guard.ts';

/** The user who runs the services can read it, whatever the umask is. */
const FOLDER_MODE = 0o755;
const PIECE_BYTES = 256 * 1024;
/** Written in one turn: about a millisecond. */
const BYTES_PER_TURN = 2_000_000;
const ENTRIES_PER_TURN = 50;
/** A new file each time: nothing that lies there already, a link above all, is written through. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** A file where a folder should be, and the like. */
const CONTRADICTIONS = ['ENOTDIR', 'EISDIR', 'EEXIST', 'ELOOP', 'ENOENT'];

export interface ExtractOptions {
  /** Leading folders to drop. */
  readonly strip?: number;
  /** Folders whose content is not wanted, without a slash at the end. */
  readonly leaveOut?: readonly string[];
  /** A link gives way to a folder that is there: several archives share the tree. */
  readonly mergesTrees?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Rejects with what the disk says, or with ARCHIVE_UNSAFE when the archive contradicts itself. */
export async function extractTar(
  file: string,
  folder: string,
  plan: readonly Planned[],
  options: ExtractOptions = {},
): Promise<void> {
  const source = openSync(file, 'r');
  const write = createWriter(file, source, folder, options.mergesTrees ?? false);
  let [bytes, entries] = [0, 0];
  try {
    for (const planned of plan) {
      const { place } = planned;
      if (options.leaveOut?.some((left) => place.startsWith(`${left}/`)) === true) continue;
      const short = stripped(place, options.strip ?? 0);
      if (short === null) continue;
      const target =
        planned.kind === 'hard-link'
          ? stripped(planned.target, options.strip ?? 0)
          : 'target' in planned
            ? planned.target
            : '';
      if (target === null) continue;
      write({ ...planned, place: short, ...('target' in planned ? { target } : {}) });
      bytes += planned.kind === 'file' ? planned.size : 0;
      entries += 1;
      if (bytes < BYTES_PER_TURN && entries < ENTRIES_PER_TURN) continue;
      [bytes, entries] = [0, 0];
      await nextTurn();
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    if (!CONTRADICTIONS.includes(String((error as NodeJS.ErrnoException).code))) throw error;
    throw unsafe(file, `one name stands for two things (${(error as Error).message})`);
  } finally {
    closeSync(source);
  }
}

/** Null when nothing of the path is left. */
function stripped(place: string, count: number): string | null {
  if (count === 0) return place;
  const rest = place.split('/').slice(count).join('/');
  return rest === '' ? null : rest;
}

function createWriter(archive: string, source: number, root: string, mergesTrees: boolean): (planned: Planned) => void {
  const made = new Set<string>();
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);

  const ensureFolder = (path: string): void => {
    if (made.has(path)) return;
    const first = mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
    // mkdir(2) takes the umask off.
    for (let new_ = path; first !== undefined && new_.length >= first.length; new_ = dirname(new_)) openRights(new_);
    made.add(path);
  };
  /** Makes room; false: a folder is there, and stays. */
  const clear = (path: string): boolean => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return true;
    if (found.isDirectory()) return false;
    rmSync(path);
    return true;
  };

  return (planned) => {
    const path = join(root, planned.place);
    if (planned.kind === 'folder') {
      const found = lstatSync(path, { throwIfNoEntry: false });
      // A tree keeps a link where a later archive has the folder that it leads to.
      if (found?.isSymbolicLink() === true && mergesTrees) return;
      if (found !== undefined && !found.isDirectory()) rmSync(path);
      ensureFolder(path);
      return;
    }
    ensureFolder(dirname(path));
    if (!clear(path)) {
      if (planned.kind === 'link' && mergesTrees) return;
      throw unsafe(archive, `${planned.place} is both a file and a folder`);
    }
    if (planned.kind === 'link') symlinkSync(planned.target, path);
    else if (planned.kind === 'hard-link') linkSync(join(root, planned.target), path);
    else if (planned.kind === 'file') writeFile(source, piece, path, planned);
  };
}

function openRights(path: string): void {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(folder, FOLDER_MODE);
  } finally {
    closeSync(folder);
  }
}

function writeFile(
  source: number,
  piece: Buffer,
  path: string,
  { offset, size, mode }: Extract<Planned, { kind: 'file' }>,
): void {
  const target = openSync(path, NEW_FILE, 0o600);
  try {
    for (let done = 0; done < size;) {
      const read = readSync(source, piece, 0, Math.min(piece.length, size - done), offset + done);
      if (read === 0) throw Object.assign(new Error('the archive became shorter'), { code: 'EIO' });
      for (let written = 0; written < read;) written += writeSync(target, piece, written, read - written);
      done += read;
    }
    fchmodSync(target, (mode & 0o111) === 0 ? 0o644 : 0o755);
  } finally {
    closeSync(target);
  }
}
