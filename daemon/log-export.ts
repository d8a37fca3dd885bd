/** Found log entries as a file for people: mode 0600, plain text, never over another one; the last ones are kept. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { KojiboxError } from '../contract/errors.ts';
import type { Found } from '../core/logs/search.ts';

const KEPT = 10;
/** A name must not be longer than a file system takes, 255 bytes. */
const MAX_NAMED = 5;

export interface ExportRequest {
  /** Absolute; made when it is not there. */
  readonly folder: string;
  /** Those asked for; null: all. */
  readonly asked: readonly string[] | null;
  readonly level: string | undefined;
  /** Several: each line says whose it is. */
  readonly services: readonly string[];
  readonly batches: AsyncIterable<Found[]> | Iterable<Found[]>;
}

/** Names that are being written. */
const writing = new Set<string>();

/** @returns the absolute path. Throws DISK_FULL; what was written until then is removed */
export async function writeExport({ folder, asked, level, services, batches }: ExportRequest): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const day = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const named = asked === null ? 'all' : asked.length > MAX_NAMED ? `${asked.length}-services` : asked.join('+');
  const name = unusedName(folder, `${named}-${level ?? 'all'}-${day}`);
  const temporary = join(folder, `.${name}.tmp`);
  const width = services.length > 1 ? Math.max(...services.map((id) => id.length)) : 0;
  writing.add(name);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      for await (const batch of batches)
        if (batch.length > 0) await file.writeFile(batch.map((found) => linesOf(found, width)).join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    const path = join(folder, name);
    renameSync(temporary, path);
    removeOld(folder);
    return path;
  } catch (error) {
    rmSync(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new KojiboxError('DISK_FULL', 'cannot export the log', { detail: folder, source: 'logs', cause: error });
  } finally {
    writing.delete(name);
  }
}

/** @param width of the longest ID, or 0 to leave the ID out */
function linesOf({ entry, text }: Found, width: number): string {
  if (width === 0) return `${text}\n`;
  return `${entry.service.padEnd(width)} | ${text.replaceAll('\n', `\n${entry.service.padEnd(width)} | `)}\n`;
}

/** Only this process writes here, and nothing happens between looking and reserving. */
function unusedName(folder: string, wanted: string): string {
  for (let number = 1; ; number++) {
    const name = `${wanted}${number === 1 ? '' : `-${number}`}.log`;
    if (!writing.has(name) && !existsSync(join(folder, name))) return name;
  }
}

/** Also what a daemon that died in the middle left half written. */
function removeOld(folder: string): void {
  const names = readdirSync(folder);
  const half = names.filter((name) => name.endsWith('.tmp') && !writing.has(name.slice(1, -'.tmp'.length)));
  const old = names
    .filter((name) => name.endsWith('.log'))
    .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1))
    .slice(KEPT);
  for (const name of [...half, ...old.map((file) => file.name)]) rmSync(join(folder, name), { force: true });
}
