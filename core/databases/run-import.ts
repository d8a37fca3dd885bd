/** The steps of one import: looked through, the present state kept, read, and brought back when that fails. */
import { KojiboxError } from '../../contract/errors.ts';
import type { TaskReporter } from '../changes/changes.ts';
import type { Packing } from '../system/packed-files.ts';
import { writeDump } from './dump-file.ts';
import { beginFitting, type CollationFitting, type FittedCollation } from './fit-collation.ts';
import { ensureRoles, feedDump, scanDump, type ImportWork } from './import-dump.ts';

export interface ImportOrder {
  readonly path: string;
  /** The database is made for it, and dropped again when it fails. */
  readonly isNew: boolean;
  readonly isReplacing: boolean;
  /** Writes a dump of what is there and gives its file; null where nothing is. */
  readonly backup: (() => Promise<string>) | null;
  /** A file that may be made for the time of it; ends with `.sql.gz`. */
  readonly scratch: string;
  execute(statement: 'create' | 'drop', signal: AbortSignal): Promise<void>;
}

const ARCHIVE = 'PGDMP';

export interface ImportResult {
  /** That were made for it. */
  readonly roles: readonly string[];
  /** Statements that were left out. */
  readonly skipped: readonly string[];
  readonly collation: FittedCollation | null;
}

/** Rejects with DATABASE_FAILED or DISK_FULL; then the database is as it was. */
export async function runImport(
  work: ImportWork,
  order: ImportOrder,
  tasks: { readonly verifying: TaskReporter; readonly reading: TaskReporter },
): Promise<ImportResult> {
  const { system, engine, access, what } = work;
  const isArchive = engine.unpackArchive !== null && (await startsWith(work, order.path, ARCHIVE));
  try {
    if (isArchive && engine.unpackArchive !== null)
      await writeDump({
        ...work,
        command: engine.unpackArchive(access),
        input: order.path,
        file: order.scratch,
        task: tasks.verifying,
        what,
      });
    const scanned = await scanDump(work, isArchive ? order.scratch : order.path, tasks.verifying);
    tasks.verifying.done();
    const backup = (await order.backup?.()) ?? null;
    const roles = await ensureRoles(work, scanned);
    return { roles, ...(await read(work, order, scanned, backup, tasks.reading)) };
  } catch (error) {
    throw withCure(error, work.name, order);
  } finally {
    if (isArchive) await system.files.remove(order.scratch);
  }
}

async function read(
  work: ImportWork,
  { isNew, isReplacing, execute }: ImportOrder,
  scanned: Parameters<typeof feedDump>[1],
  backup: string | null,
  reading: TaskReporter,
): Promise<Pick<ImportResult, 'skipped' | 'collation'>> {
  const { engine, access, name, what, run, signal } = work;
  // The way back is gone to its end, whatever was cancelled.
  const never = new AbortController().signal;
  let fitting: CollationFitting | null = null;
  try {
    if (isNew) await execute('create', signal);
    if (isReplacing && engine.empty !== null) await run(engine.empty(access, name), what, signal);
    fitting = await beginFitting(work, scanned.findings.collation);
    const skipped = await feedDump(work, scanned, isReplacing, reading);
    return { skipped, collation: (await fitting?.finish()) ?? null };
  } catch (error) {
    if (isNew) await execute('drop', never);
    else if (engine.empty !== null) {
      reading.step('swap-back');
      await run(engine.empty(access, name), what, never);
      await fitting?.undo();
      const former = { ...scanned, path: backup ?? '', packing: 'gzip' as Packing, isOwn: true };
      if (backup !== null) await feedDump({ ...work, signal: never }, former, false, reading);
    }
    throw error;
  }
}

async function startsWith({ system, what }: ImportWork, path: string, start: string): Promise<boolean> {
  let head = '';
  const enough = new AbortController();
  const through = (piece: Uint8Array): Uint8Array => {
    head += Buffer.from(piece.subarray(0, start.length)).toString('latin1');
    enough.abort();
    return piece;
  };
  await system.packed.read({ path, packing: 'none', through }, enough.signal).catch((error: unknown) => {
    if (!enough.signal.aborted)
      throw new KojiboxError('DATABASE_FAILED', what, { detail: String(error), source: 'databases', cause: error });
  });
  return head.startsWith(start);
}

const UNTRUSTED = /permission denied to create extension/;
const EXISTS = /already exists|ERROR 1050|ERROR 1062|duplicate key/;

/** What helps, by what the server said. */
function withCure(error: unknown, name: string, { isNew, isReplacing }: ImportOrder): unknown {
  if (!(error instanceof KojiboxError) || error.code !== 'DATABASE_FAILED' || /Nothing was changed/.test(error.remedy))
    return error;
  const state = isNew ? `No database was made.` : `${name} is as it was.`;
  const cure = UNTRUSTED.test(error.detail)
    ? `PostgreSQL lets only a superuser make this extension. Make it in ${name} first (koji db shell postgres -- -d ${name}), and import without --replace.`
    : EXISTS.test(error.detail) && !isNew && !isReplacing
      ? 'To put the dump in place of what is there: --replace. To have it beside that: another name, with --create.'
      : 'Correct what the detail names, or write the dump again.';
  return new KojiboxError(error.code, error.message, {
    detail: error.detail,
    source: 'databases',
    remedy: `${state} ${cure}`,
    cause: error,
  });
}
