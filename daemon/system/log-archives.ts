/**
 * Names of log files, and where the useful part of a live one begins.
 *
 *   postgres.log                                     live: the service appends to it
 *   .postgres.log.start                              everything before this offset is in archives
 *   postgres.2026-11-21T03-34-33-123Z.log.gz         archive
 *   postgres.2026-11-21T03-34-33-123Z.from-0.log     set aside at a start, about to become an archive from that offset on
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

const STAMP = String.raw`\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z`;
const ARCHIVE = new RegExp(`^(?<id>.+)\\.(?<stamp>${STAMP})\\.log\\.gz$`);
const SET_ASIDE = new RegExp(`^(?<id>.+)\\.(?<stamp>${STAMP})\\.from-(?<start>\\d+)\\.log$`);

const StartSchema = z.object({ inode: z.number(), start: z.int().nonnegative(), archive: z.string() });

const idOf = (file: string): string => basename(file).replace(/\.log$/, '');
const startFileOf = (file: string): string => join(dirname(file), `.${basename(file)}.start`);

/** Live logs of a folder, as paths. */
export function liveLogs(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log') && !name.startsWith('.') && !SET_ASIDE.test(name))
    .map((name) => join(folder, name));
}

/** Archives of one live log, oldest first. */
export function archivesOf(file: string): string[] {
  const id = idOf(file);
  return readdirSync(dirname(file))
    .filter((name) => ARCHIVE.exec(name)?.groups?.['id'] === id)
    .sort()
    .map((name) => join(dirname(file), name));
}

/** Ms since 1970: when the archive was begun; all its lines were written before. */
export function endOfArchive(archive: string): number {
  const [day = '', time = ''] = (ARCHIVE.exec(basename(archive))?.groups?.['stamp'] ?? '').split('T');
  return Date.parse(`${day}T${time.replace('-', ':').replace('-', ':').replace('-', '.')}`);
}

/** Everything that is kept for one live log, the log itself included; as paths, whether or not the log is there. */
export function filesOfLog(file: string): string[] {
  const name = new RegExp(
    String.raw`^\.?(?<id>.+?)(?:\.${STAMP})?(?:\.from-\d+)?\.log(?:\.gz)?(?:\.(?:start|keep|arrivals))?(?:\.tmp)?$`,
  );
  return readdirSync(dirname(file))
    .filter((candidate) => name.exec(candidate)?.groups?.['id'] === idOf(file))
    .map((candidate) => join(dirname(file), candidate));
}

/** A name that no archive has yet. @param at ms since 1970 */
export function newArchive(file: string, at: number): string {
  for (let ms = at; ; ms++) {
    const stamp = new Date(ms).toISOString().replaceAll(/[:.]/g, '-');
    const archive = join(dirname(file), `${idOf(file)}.${stamp}.log.gz`);
    if (!existsSync(archive) && !existsSync(`${archive}.tmp`)) return archive;
  }
}

/** Where the log goes that is set aside to become this archive. */
export const setAsideName = (archive: string, start: number): string =>
  archive.replace(/\.log\.gz$/, `.from-${start}.log`);

/** Logs that were set aside and are not archived yet. */
export function setAsideLogs(
  folder: string,
): { readonly file: string; readonly start: number; readonly archive: string }[] {
  return readdirSync(folder).flatMap((name) => {
    const groups = SET_ASIDE.exec(name)?.groups;
    if (groups === undefined) return [];
    return [
      {
        file: join(folder, name),
        start: Number(groups['start']),
        archive: join(folder, `${groups['id'] ?? ''}.${groups['stamp'] ?? ''}.log.gz`),
      },
    ];
  });
}

/** Of one live log. */
export const setAsideOf = (file: string): ReturnType<typeof setAsideLogs> =>
  setAsideLogs(dirname(file)).filter(({ archive }) => ARCHIVE.exec(basename(archive))?.groups?.['id'] === idOf(file));

/** First byte of the live log that is in no archive; 0 when nothing was rotated, or the file is a new one. */
export function readStart(file: string): number {
  const found = parseStart(startFileOf(file));
  const stat = statSync(file, { throwIfNoEntry: false });
  return found === null || stat === undefined || found.inode !== stat.ino || found.start > stat.size ? 0 : found.start;
}

/** From here on, what lies before `start` counts as archived, even if the archive has not got its final name yet. */
export function writeStart(file: string, inode: number, start: number, archive: string): void {
  const temporary = `${startFileOf(file)}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, JSON.stringify({ inode, start, archive: basename(archive) }), { flag: 'wx', flush: true });
  renameSync(temporary, startFileOf(file));
}

export const removeStart = (file: string): void => rmSync(startFileOf(file), { force: true });

/** After a daemon that died while rotating: an archive that counts gets its name, one that does not is removed. */
export function repairArchives(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.start')) continue;
    const found = parseStart(join(folder, name));
    if (found === null) continue;
    const archive = join(folder, found.archive);
    if (!existsSync(archive) && existsSync(`${archive}.tmp`)) renameSync(`${archive}.tmp`, archive);
  }
  for (const name of readdirSync(folder)) if (name.endsWith('.log.gz.tmp')) rmSync(join(folder, name));
  for (const { file, archive } of setAsideLogs(folder)) if (existsSync(archive)) rmSync(file);
  const aside = new Set(setAsideLogs(folder).map(({ archive }) => archive));
  for (const name of readdirSync(folder)) {
    const archive = join(folder, name.replace(/\.arrivals(?:\.tmp)?$/, ''));
    const isLost = ARCHIVE.test(basename(archive)) && !existsSync(archive) && !aside.has(archive);
    if (/\.(?:arrivals|keep)\.tmp$/.test(name) || (name.endsWith('.arrivals') && isLost)) rmSync(join(folder, name));
  }
}

function parseStart(path: string): z.infer<typeof StartSchema> | null {
  try {
    const parsed = StartSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // None: never rotated.
  }
}
