/**
 * Writing system files as root: the whole new file or the old one, never through a link. Their text has one character for each byte
 * (latin1): what others wrote in there may be in any encoding, and is given back as it was.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
  constants,
} from 'node:fs';
import { dirname, join, basename } from 'node:path';
import { randomBytes } from 'node:crypto';

const MAX_BYTES = 4_000_000;

/** @returns the text, or null when there is nothing. Throws when there is something that is not a plain file, or it is huge. */
export function readPlainFile(path: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (!stat.isFile()) throw new Error(`${path} is not a plain file, so it is left alone`);
  if (stat.size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes, so it is left alone`);
  return readFileSync(path, 'latin1');
}

/** Keeps mode and owner of a file that is there; a new one gets 0644. Makes missing folders. */
export function replaceFile(path: string, text: string): void {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before !== undefined && !before.isFile()) throw new Error(`${path} is not a plain file, so it is left alone`);
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const beside = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  // wx: O_CREAT | O_EXCL, which follows no link (open(2)).
  const file = openSync(beside, 'wx', 0o600);
  try {
    try {
      // Not writeSync: on a disk that is nearly full write(2) takes a part and calls it a success.
      writeFileSync(file, text, 'latin1');
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    chmodSync(beside, before === undefined ? 0o644 : before.mode & 0o777);
    if (before !== undefined) chownSync(beside, before.uid, before.gid);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EBUSY' && code !== 'EXDEV') throw error;
    // /etc/hosts of a container is a mount of its own and cannot be renamed over.
    overwriteFile(path, text);
  }
}

function overwriteFile(path: string, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, at);
    ftruncateSync(file, bytes.length);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** @returns whether there was one */
export function removeFile(path: string): boolean {
  if (readPlainFile(path) === null) return false;
  rmSync(path);
  return true;
}
