/** One import: looked through first, then read as a whole. When anything goes wrong the database is as it was. */
import { KojiboxError } from '../../contract/errors.ts';
import type { TaskReporter } from '../changes/changes.ts';
import type { Packing } from '../system/packed-files.ts';
import type { System } from '../system/system.ts';
import { readDump, toDumpError } from './dump-file.ts';
import { createDumpScan, type DumpFindings } from './dump-scan.ts';
import type { RunClient } from './engine-access.ts';
import type { DatabaseEngine, EngineAccess, LoaderAccess } from './engine.ts';
import { withLoader } from './loader.ts';
import { inRoleLane } from './role-lane.ts';
import { fitSchema } from './server-import/mysql-schema.ts';

const QUERY_TIMEOUT_MS = 30_000;

export interface ImportWork {
  readonly system: System;
  readonly engine: DatabaseEngine;
  readonly access: EngineAccess;
  /** For people: "PostgreSQL". */
  readonly product: string;
  readonly name: string;
  readonly what: string;
  readonly signal: AbortSignal;
  readonly run: RunClient;
  mask(text: string): string;
}

export interface ScannedDump {
  readonly path: string;
  readonly packing: Packing;
  readonly findings: DumpFindings;
  /** Written here, from this server: nothing in it has to be fitted. */
  readonly isOwn?: boolean;
}

/** Reads all of it once, so that one which was cut short, or is for something else, changes nothing. Rejects with DATABASE_FAILED. */
export async function scanDump(
  { system, engine, product, name, what, signal }: ImportWork,
  path: string,
  task: TaskReporter,
): Promise<ScannedDump> {
  task.step('verify');
  try {
    const packing = await system.packed.packingOf(path);
    const scan = createDumpScan();
    const sizeBytes = (await system.files.stat((await system.files.realPath(path)) ?? path))?.size ?? 0;
    const onBytes = (done: number): void => task.bytes(Math.min(done, sizeBytes), sizeBytes);
    await system.packed.read({ path, packing, through: (piece) => scan.through(piece), onBytes }, signal);
    const findings = scan.findings();
    const problem = problemOf(findings, engine, product, packing);
    if (problem === null) return { path, packing, findings };
    throw new KojiboxError('DATABASE_FAILED', what, {
      detail: problem[0],
      source: 'databases',
      remedy: `${problem[1].replaceAll('NAME', name)} Nothing was changed.`,
    });
  } catch (error) {
    throw toDumpError(error, what);
  }
}

/** Why it cannot be read, and the cure; null: it can. */
export function problemOf(
  { kind, isCut, databases }: DumpFindings,
  engine: Pick<DatabaseEngine, 'dumps' | 'unpackArchive'>,
  product: string,
  packing: Packing,
): readonly [detail: string, cure: string] | null {
  switch (kind) {
    case 'empty':
      return ['the file is empty', 'Write the dump again.'];
    case 'binary':
      return ['this file is not a dump: it does not contain text', 'Give a dump in SQL (plain, .gz, .zst or .zip).'];
    case 'sqlite':
      return [
        'this is a database of SQLite, no dump',
        `Write one: sqlite3 FILE .dump; it needs changes for ${product}.`,
      ];
    case 'utf16':
      return [
        'its text is UTF-16, as Windows PowerShell writes with ">"',
        'Convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW; or write the dump with the option for an output file.',
      ];
    case 'postgres-all':
      return [
        'this is a dump of a whole server (pg_dumpall), with all its databases and roles',
        'Write one per database: pg_dump DATABASE.',
      ];
    case 'postgres-archive':
      if (engine.unpackArchive !== null)
        return packing === 'none'
          ? null
          : ['it is an archive of pg_dump that was packed once more', 'Unpack it first.'];
      break;
    case 'postgres':
    case 'mysql':
    case 'sql':
  }
  const isOther = kind !== 'sql' && kind !== engine.dumps;
  if (isOther)
    return [
      `this is a dump of ${kind === 'mysql' ? 'MySQL or MariaDB' : 'PostgreSQL'}, and this database is of ${product}`,
      'Import it into the other server: koji db list.',
    ];
  if (isCut)
    return ['it was cut short: the line is missing that the program writes at its end', 'Write or download it again.'];
  if (databases.length > 1)
    return [
      `it writes into ${databases.length} databases (${databases.slice(0, 5).join(', ')}), and not into NAME alone`,
      'Write a dump of one database.',
    ];
  return null;
}

/** Roles that the dump names and that are not there are made first: without any right, so that they own what is theirs. */
export async function ensureRoles(
  { engine, access, what, run, signal }: ImportWork,
  { findings }: ScannedDump,
): Promise<string[]> {
  if (engine.roles === null || findings.roles.length === 0) return [];
  const { list, create } = engine.roles;
  // Another import may want the same ones.
  return inRoleLane(access.port, async () => {
    const there = new Set((await run(list(access), what, signal, QUERY_TIMEOUT_MS)).split('\n'));
    const missing = findings.roles.filter((role) => !there.has(role));
    if (missing.length > 0) await run(create(access, missing), what, signal, QUERY_TIMEOUT_MS);
    return missing;
  });
}

/**
 * Reads it, by an account that has rights in this database only. For an engine that cannot undo, the caller brings back what was there.
 *
 * @returns statements that were left out
 */
export async function feedDump(
  work: ImportWork,
  { path, packing, findings, isOwn }: ScannedDump,
  isReplacing: boolean,
  task: TaskReporter,
): Promise<string[]> {
  const { engine, name } = work;
  task.step('import');
  // Those of MySQL 8 and later; MariaDB has its own names for what is nearest.
  const isOfMysql = engine.dumps === 'mysql' && isOwn !== true && findings.kind !== 'postgres';
  const feed = (access: LoaderAccess): Promise<string[]> =>
    readDump({
      ...work,
      file: path,
      packing,
      reader: engine.restore(access, name, isReplacing),
      task,
      ...(isOfMysql ? { edit: fitLine } : {}),
    });
  // What the server itself has just written, back into it: definers are those that were there.
  if (isOwn === true) return feed({ ...work.access, owner: '', withheld: [] });
  return withLoader(work, findings.roles, feed);
}

/** A definer that is not here cannot do what it is to do; a collation that is not known here stops everything. */
function fitLine(line: string): string | null {
  if (!/DEFINER|_0900_/.test(line)) return null;
  return fitSchema(line, () => false);
}
