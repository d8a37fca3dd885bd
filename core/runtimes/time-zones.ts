/** PHP of Debian reads the time zones of the system, by a path that is compiled in. Its tree brings its own, and its programs look there. */
import { join } from 'node:path';
import type { ServiceBinary } from '../../contract/manifest.ts';
import type { System } from '../system/system.ts';

/** Where the system has them, and where they are in a tree. */
export const SYSTEM_TIME_ZONES = '/usr/share/zoneinfo';
export const timeZonesOf = (tree: string): string => join(tree, SYSTEM_TIME_ZONES);

/** Makes the programs look in another folder, all or none; false when that is not known of one of them. */
export type ReplaceFolder = (programs: readonly string[], from: string, to: string) => Promise<boolean>;

/**
 * For a tree that is not in use yet. Where its programs cannot be told, it loses the folder, and they read the system's as before.
 *
 * @param staging where the files are now; @param target where they will be
 */
export async function bringTimeZones(
  { files, log }: Pick<System, 'files' | 'log'>,
  replaceFolder: ReplaceFolder,
  { staging, target, binary }: { readonly staging: string; readonly target: string; readonly binary: ServiceBinary },
): Promise<void> {
  // An offline pack of a former version has none.
  if (binary.source?.type !== 'debian' || (await files.stat(timeZonesOf(staging))) === null) return;
  const programs = binary.source.executables.map((executable) => join(staging, executable));
  if (await replaceFolder(programs, SYSTEM_TIME_ZONES, timeZonesOf(target))) return;
  log.warn('PHP will read the time zones of the system', { version: binary.version });
  await files.remove(timeZonesOf(staging));
}
