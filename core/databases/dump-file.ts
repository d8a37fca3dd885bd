/** Dumps as files: half a dump never has the name of a whole one, and errors of a dump name its line. */
import { KojiboxError } from '../../contract/errors.ts';
import type { TaskReporter } from '../changes/changes.ts';
import { PackedFileError, type FileOutput, type Packing } from '../system/packed-files.ts';
import type { System } from '../system/system.ts';
import { userOf } from './client-programs.ts';
import { createDumpLines, type LineEditor } from './dump-lines.ts';
import type { ClientCommand, DumpReader } from './engine.ts';
import { createDumpProgress } from './server-import/dump-progress.ts';
import { reasonIn } from './reason-in.ts';

/** What each end of a file name means. */
const ENDINGS: Readonly<Record<string, FileOutput['packing']>> = {
  '.sql': 'none',
  '.sql.gz': 'gzip',
  '.sql.zst': 'zstd',
};
export const DUMP_ENDINGS = Object.keys(ENDINGS);

/** By the end of its name; null: by none that is known. */
export const packingOfName = (file: string): FileOutput['packing'] | null =>
  ENDINGS[DUMP_ENDINGS.find((ending) => file.endsWith(ending)) ?? ''] ?? null;

export interface DumpWork {
  readonly system: System;
  /** Writes the dump to its standard output. */
  readonly command: ClientCommand;
  /** File that it reads from its standard input; left out: none. */
  readonly input?: string;
  /** Nothing is there yet. */
  readonly file: string;
  /** For the error: what could not be done. */
  readonly what: string;
  readonly task: TaskReporter;
  readonly signal: AbortSignal;
  /** Takes passwords out of what a program said. */
  mask(text: string): string;
  /** Bytes of each table, by its name as the dump quotes it, for the progress; left out: what was written is told. */
  readonly tables?: { readonly kind: 'postgres' | 'mysql'; readonly sizes: ReadonlyMap<string, number> };
}

/** Rejects with DATABASE_FAILED or DISK_FULL; then nothing of the dump is left. */
export async function writeDump(work: DumpWork): Promise<void> {
  const { system, command, file, what, task, signal, tables, input } = work;
  const partial = `${file}.partial`;
  const progress = tables === undefined ? null : createDumpProgress(tables.kind, tables.sizes);
  let written = 0;
  let seen = 0;
  task.step('dump');
  const watch = (piece: Uint8Array): void => {
    written += piece.byteLength;
    progress?.feed(piece);
    if (progress !== null && progress.tables !== seen) {
      seen = progress.tables;
      task.step('dump', `${progress.table} (${seen}/${tables?.sizes.size ?? 0})`);
    }
    if (progress !== null && progress.total > 0) task.bytes(progress.done, progress.total);
    else task.bytes(written, null);
  };
  try {
    await system.files.writeAtomic(partial, '', { mode: 0o600 });
    const { exitCode, stderr } = await system.packed.collect(
      command.command,
      command.args,
      { path: partial, packing: packingOfName(file) ?? 'gzip', watch },
      { env: command.env, signal, ...userOf(system.host, command), ...(input === undefined ? {} : { input }) },
    );
    if (exitCode !== 0) throw failed(what, work.mask(reasonIn(stderr)));
    await system.files.rename(partial, file);
  } catch (error) {
    await system.files.remove(partial);
    throw toDumpError(error, what);
  }
}

/** Statements that are named as left out. */
const MOST_SKIPPED = 20;

export interface ReadWork {
  readonly system: System;
  readonly file: string;
  readonly packing: Packing;
  readonly reader: DumpReader;
  /** Besides what the reader changes by itself. */
  readonly edit?: LineEditor;
  readonly what: string;
  readonly task: TaskReporter;
  readonly signal: AbortSignal;
  mask(text: string): string;
}

/** @returns statements that were left out. Rejects with DATABASE_FAILED, whose detail has the line, and what stands there. */
export async function readDump(work: ReadWork): Promise<string[]> {
  const { system, file, packing, reader, what, task, signal } = work;
  const sizeBytes = (await system.files.stat(file))?.size ?? 0;
  const skipped = new Set<string>();
  const skip = (statement: string): unknown => skipped.size < MOST_SKIPPED && skipped.add(statement);
  const lines = createDumpLines((line, number) => reader.edit(line, skip) ?? work.edit?.(line, number) ?? null);
  try {
    const { exitCode, stderr } = await system.packed.feed(
      {
        path: file,
        packing,
        through: (piece) => lines.through(piece),
        atEnd: () => Buffer.concat([lines.end(), Buffer.from(reader.atEnd)]),
        onBytes: (done) => task.bytes(Math.min(done, sizeBytes), sizeBytes),
      },
      reader.command,
      reader.args,
      { env: reader.env, signal, ...userOf(system.host, reader) },
    );
    if (exitCode !== 0) throw await withLine(work, stderr);
    return [...skipped];
  } catch (error) {
    throw toDumpError(error, what);
  }
}

/** `psql:<stdin>:12: ERROR:  …`, `ERROR 1050 (42S01) at line 12: …` */
const LINE_NUMBER = /(?:^psql:<stdin>:(\d+): (?:ERROR|FATAL|error):?|^ERROR \d+ \(\w+\) at line (\d+):)/m;
const SHOWN_CHARACTERS = 120;

async function withLine(
  { system, file, packing, what, signal, mask }: ReadWork,
  stderr: string,
): Promise<KojiboxError> {
  const said = mask(stderr.trim());
  const [, ofPsql, ofMariadb] = LINE_NUMBER.exec(said) ?? [];
  const number = Number(ofPsql ?? ofMariadb ?? 0);
  const reason = said
    .slice(Math.max(0, said.search(LINE_NUMBER)))
    .replaceAll(/^psql:<stdin>:\d+: /gm, '')
    .replace(/^(ERROR \d+ \(\w+\)) at line \d+:/, '$1:')
    // Counted from the start of the statement.
    .replace(/ at line \d+$/, '')
    .replaceAll(/\s*\n\s*/g, ' ');
  if (number === 0) return failed(what, reasonIn(said));
  const line = await lineOf({ system, file, packing }, number, signal);
  const shown =
    line.trim() === '' || line === '\\.' ? '' : ` (${mask(line.trim()).slice(0, SHOWN_CHARACTERS).replace(/;$/, '')})`;
  return failed(what, `line ${number}${shown}: ${reason}`);
}

async function lineOf(
  { system, file, packing }: Pick<ReadWork, 'system' | 'file' | 'packing'>,
  wanted: number,
  signal: AbortSignal,
): Promise<string> {
  let [number, found] = [1, ''];
  const enough = new AbortController();
  const through = (piece: Uint8Array): Uint8Array => {
    for (const [index, part] of Buffer.from(piece).toString('latin1').split('\n').entries()) {
      if (index > 0) number += 1;
      if (number === wanted && found.length < 4 * SHOWN_CHARACTERS) found += part;
      if (number > wanted) break;
    }
    if (number > wanted) enough.abort();
    return piece;
  };
  await system.packed
    .read({ path: file, packing, through }, AbortSignal.any([signal, enough.signal]))
    .catch((error: unknown) => {
      if (!enough.signal.aborted) throw error;
    });
  return Buffer.from(found, 'latin1').toString('utf8');
}

const failed = (what: string, detail: string): KojiboxError =>
  new KojiboxError('DATABASE_FAILED', what, { detail: detail.slice(0, 800), source: 'databases' });

/** What the disk and the packing say, in the house's form. */
export function toDumpError(error: unknown, what: string): unknown {
  if (error instanceof PackedFileError) return failed(what, error.message);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof KojiboxError || typeof code !== 'string') return error;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new KojiboxError(isFull ? 'DISK_FULL' : 'DATABASE_FAILED', what, {
    detail: String(message),
    source: 'databases',
    cause: error,
    ...(isFull ? { remedy: 'Free some space and try again. Nothing of the file was left.' } : {}),
  });
}
