/**
 * Logs of projects, written by the edge: `errors/PROJECT.log` has what the PHP of a project said while it answered.
 * A file is opened for each piece and never followed through a link, so that the daemon may rotate it, and a removed one comes back.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { log } from './log.ts';

export type ProjectLogKind = 'errors' | 'access';

/** More than this is not kept waiting for a slow disk. */
const MAX_WAITING_CHARS = 1024 * 1024;
const FLUSH_MS = 100;

let folder: string | null = null;
const waiting = new Map<string, string>();
const dropped = new Map<string, number>();
let timer: NodeJS.Timeout | null = null;
let work: Promise<void> = Promise.resolve();
let hasFailed = false;

/** @param path of the folder that holds the folders of the kinds; null: nothing is written */
export function setProjectLogFolder(path: string | null): void {
  folder = path;
}

/** One entry: its time and level, then the text; further lines of it are indented so that they stay together. */
export function logForProject(
  kind: ProjectLogKind,
  project: string,
  level: 'info' | 'warn' | 'error',
  text: string,
): void {
  if (folder === null) return;
  const file = join(folder, kind, `${project}.log`);
  const lines = waiting.get(file) ?? '';
  if (lines.length > MAX_WAITING_CHARS) {
    dropped.set(file, (dropped.get(file) ?? 0) + 1);
    return;
  }
  const gone = dropped.get(file) ?? 0;
  dropped.delete(file);
  const note =
    gone === 0 ? '' : lineOf('warn', `${gone} entries were left out here: they came faster than the disk took them`);
  waiting.set(file, lines + note + lineOf(level, text));
  timer ??= setTimeout(flush, FLUSH_MS);
}

const lineOf = (level: string, text: string): string =>
  `${new Date().toISOString()} ${level} ${text.trim().replaceAll(/\r?\n/g, '\n\t')}\n`;

function flush(): void {
  timer = null;
  const pieces = [...waiting];
  waiting.clear();
  work = work.then(async () => {
    for (const [file, lines] of pieces) await append(file, lines);
  });
}

async function append(file: string, lines: string): Promise<void> {
  const flags =
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const handle = await open(file, flags, 0o640);
    try {
      await handle.appendFile(lines);
    } finally {
      await handle.close();
    }
    hasFailed = false;
  } catch (error) {
    // Said once until it works again: a full disk fails for each request.
    if (!hasFailed) log('error', `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
    hasFailed = true;
  }
}

/** For the end of the edge: writes what waits. */
export async function closeProjectLogs(): Promise<void> {
  if (timer !== null) clearTimeout(timer);
  flush();
  await work;
}
