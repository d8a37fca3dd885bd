/**
 * One daemon per home: a lock file with the identity of its holder, so that a dead one never blocks.
 *
 * Only link(2) decides, because it makes a file with all its content or fails: of several that come at the same instant exactly one links
 * the lock. Who dies leaves it behind, and whoever finds a dead holder must not remove it: another one may have put its own there meanwhile.
 * Instead it links itself as the successor of exactly that holder, which again only one can; the successor then replaces the lock in one
 * step. A successor that died before it did so has a successor of its own, and so on.
 */
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { KojiboxError } from '../contract/errors.ts';
import { identifyNow, isSameNow } from './system/process-facts.linux.ts';
import type { ProcessIdentity } from '../core/system/processes.ts';

export interface DaemonLock {
  release(): void;
}

/** Each try ends because someone else was faster; so many in a row are none. */
const MAX_TRIES = 100;
const SUCCESSOR = '.after-';

/** Where the successor of a holder is. @param content of the lock, or of the successor before */
export const successorFile = (file: string, content: string): string =>
  `${file}${SUCCESSOR}${createHash('sha256').update(content).digest('hex').slice(0, 24)}`;

/** @returns null when another daemon that is alive holds it */
export function acquireLock(file: string): DaemonLock | null {
  const mine = JSON.stringify(identifyNow(process.pid));
  const offer = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(offer, mine, { mode: 0o600 });
  } catch (error) {
    // In a folder of another user: whether that one is at work can still be told.
    if (isAlive(read(file) ?? '')) return null;
    throw error;
  }
  try {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const outcome = tryOnce(file, offer);
      if (outcome === 'held') return null;
      if (outcome === 'mine') return { release: () => release(file, mine) };
    }
    return null;
  } finally {
    rmSync(offer, { force: true });
  }
}

function tryOnce(file: string, offer: string): 'mine' | 'held' | 'again' {
  if (link(offer, file)) return 'mine';
  const first = read(file);
  if (first === null) return 'again'; // Released in the meantime.
  let last = first;
  for (let next: string | null; (next = read(successorFile(file, last))) !== null;) last = next;
  // What was read is of one moment only if the lock is still that of the beginning.
  if (isAlive(last)) return read(file) === first ? 'held' : 'again';
  const succession = successorFile(file, last);
  if (!link(offer, succession)) return 'again';
  if (read(file) !== first) {
    // Another one has taken over and tidied up before we looked: this succession is nobody's.
    rmSync(succession, { force: true });
    return 'again';
  }
  const successor = `${offer}.lock`;
  linkSync(offer, successor);
  renameSync(successor, file);
  // Only now: while the lock was the old one, these said who may replace it.
  for (const name of readdirSync(dirname(file)))
    if (name.startsWith(`${basename(file)}${SUCCESSOR}`)) rmSync(join(dirname(file), name), { force: true });
  return 'mine';
}

/** False when there is a file of that name already. */
function link(existing: string, name: string): boolean {
  try {
    linkSync(existing, name);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // link(2): EPERM is also "the file system does not support hard links"; others say so in their own ways.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code ?? '')) throw error;
    throw new KojiboxError('PERMISSION_DENIED', 'cannot keep the data in this folder', {
      detail: `${dirname(name)} is on a file system without hard links`,
      source: 'daemon',
      remedy: 'Set KOJIBOX_HOME to a folder on a disk of this system (ext4, btrfs, xfs, APFS, NTFS).',
      cause: error,
    });
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** What cannot be read is of nobody: an older version was killed while it wrote it. */
function isAlive(content: string): boolean {
  try {
    return isSameNow(JSON.parse(content) as ProcessIdentity);
  } catch {
    return false;
  }
}

function release(file: string, mine: string): void {
  if (read(file) === mine) rmSync(file, { force: true });
}
