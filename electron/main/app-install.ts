/**
 * Putting a fetched installer in place, when the app quits. Between fetching and quitting lie hours, so its bytes are read again: what is
 * installed is what was compared with the signed feed.
 */
import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { AppUpdater, BaseUpdater } from 'electron-updater';
import type { FetchedInstaller } from './app-updater.ts';

const PIECE_BYTES = 1024 * 1024;

/** @param appImage the AppImage that runs ($APPIMAGE); undefined: the app was installed by another kind of package */
export function installFetched(
  { updater, file, version, sha256 }: FetchedInstaller<AppUpdater>,
  appImage: string | undefined,
): void {
  if (appImage !== undefined) {
    replaceAppImage(file, sha256, realpathSync(appImage), version);
    return;
  }
  if (readThrough(file, () => undefined) !== sha256) throw altered(file, version);
  // Debian, RPM and Windows packages are installed by the system's own program; electron-updater knows how to ask it.
  if ('install' in updater) (updater as BaseUpdater).install(true, false);
}

/** Why the AppImage could not be replaced; null: it could. Asked before anything is fetched. */
export function refuseReplacing(appImage: string | undefined): string | null {
  if (appImage === undefined) return null;
  try {
    accessSync(dirname(realpathSync(appImage)), constants.W_OK);
    return null;
  } catch {
    return `${dirname(appImage)} belongs to another user; fetch the new version yourself and put it there`;
  }
}

/**
 * The new file is written beside the old one and renamed, so that at each moment one of them is there, whole. The name stays: menus and
 * autostart entries lead to it. (electron-updater removes the old one first, and gives the new one another name.)
 */
function replaceAppImage(file: string, sha256: string, target: string, version: string): void {
  const beside = `${target}.new`;
  rmSync(beside, { force: true });
  const output = openSync(beside, 'wx', 0o700);
  try {
    const digest = readThrough(file, (piece) => {
      for (let written = 0; written < piece.length;) written += writeSync(output, piece, written);
    });
    if (digest !== sha256) throw altered(file, version);
    fchmodSync(output, (statSync(target).mode & 0o777) | 0o500);
    fsyncSync(output);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(output);
  }
  rmSync(file, { force: true });
}

/** Gives each piece on, and says what the digest of exactly those pieces is. */
function readThrough(file: string, take: (piece: Uint8Array) => void): string {
  const hash = createHash('sha256');
  const input = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const buffer = Buffer.alloc(PIECE_BYTES);
    for (;;) {
      const length = readSync(input, buffer);
      if (length === 0) return hash.digest('hex');
      const piece = buffer.subarray(0, length);
      hash.update(piece);
      take(piece);
    }
  } finally {
    closeSync(input);
  }
}

function altered(file: string, version: string): Error {
  rmSync(file, { force: true });
  return new Error(`the installer of ${version} was changed after it was fetched; nothing was installed`);
}
