/** Databases of the engines that run here. Slow work is a change; what is deleted or overwritten is dumped first. */
import { dirname, isAbsolute, join } from 'node:path';
import type { Change } from '../../contract/changes.ts';
import type { Database, DumpContent, Engine, Table } from '../../contract/databases.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { listOf } from '../../contract/sentences/sentence.ts';
import { sayWork } from '../../contract/sentences/work.ts';
import type { Changes, TaskReporter } from '../changes/changes.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { System } from '../system/system.ts';
import type { AdminerLogin } from './adminer.ts';
import { DUMP_ENDINGS, packingOfName, writeDump } from './dump-file.ts';
import { assertCanDump, createEngineAccess, isEngine } from './engine-access.ts';
import type { DumpOptions, EngineAccess } from './engine.ts';
import type { Logins } from './logins/logins.ts';
import { runImport, type ImportOrder } from './run-import.ts';

const QUERY_TIMEOUT_MS = 15_000;
const WHOLE: DumpOptions = { tables: [], content: 'all' };

export interface Databases {
  /** Engines in the order of the services; one that does not run has no databases here. */
  list(): Promise<Engine[]>;
  create(engine: string, name: string): Promise<void>;
  drop(engine: string, name: string): Promise<Change>;
  tables(engine: string, name: string): Promise<Table[]>;
  export(
    engine: string,
    name: string,
    wanted: {
      readonly path?: string | undefined;
      /** End of the name of a file whose path is left out. */
      readonly format: string;
      readonly tables: readonly string[];
      readonly content: DumpContent;
    },
  ): Promise<Change>;
  import(
    engine: string,
    name: string,
    path: string,
    wanted: { readonly create: boolean; readonly replace: boolean },
  ): Promise<Change>;
  copy(engine: string, name: string, target: string): Promise<Change>;
  connection(
    engine: string,
    name: string,
  ): Promise<{ url: string; host: string; port: number; user: string; password: string }>;
  /** How Adminer logs in to each engine that is set up, by service. */
  logins(): Promise<Record<string, AdminerLogin>>;
  /** Rejects with NOT_FOUND for a service without databases. */
  assertEngine(id: string): void;
}

export function createDatabases(options: {
  readonly system: System;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  readonly secrets: Secrets;
  readonly changes: Changes;
  readonly logins: Logins;
  /** Where dumps go that name no file. */
  readonly backups: string;
}): Databases {
  const { system, runtimes, supervisor, secrets, changes, logins, backups } = options;
  const { files, clock } = system;

  const engines = createEngineAccess({ system, runtimes, supervisor, secrets });
  const { engineOf, passwordOf, portOf, access, run } = engines;
  const mask = (text: string): string => secrets.mask(text);

  const databasesOf = async (id: string): Promise<Database[]> => {
    const { signal } = new AbortController();
    const rows = await run(
      engineOf(id).list(await access(id, signal)),
      `cannot list the databases of ${id}`,
      signal,
      QUERY_TIMEOUT_MS,
    );
    return rows
      .split('\n')
      .filter((row) => row !== '')
      .map((row) => {
        const [name = '', size = '0', tables = ''] = row.split('\t');
        return { name, sizeBytes: Number(size), tables: tables === '' ? null : Number(tables) };
      });
  };

  /** Null where the server does not run. One that is stopped or started again while it is asked has not failed. */
  const databasesIfRunning = async (id: string): Promise<Database[] | null> => {
    const { state, pid } = supervisor.state(id);
    if (state !== 'running') return null;
    try {
      return await databasesOf(id);
    } catch (error) {
      const now = supervisor.state(id);
      if (now.state === 'running' && now.pid === pid) throw error;
      return databasesIfRunning(id);
    }
  };

  const assertKnown = async (id: string, name: string): Promise<Database> => {
    const found = (await databasesOf(id)).find((database) => database.name === name);
    if (found !== undefined) return found;
    throw new KojiboxError('NOT_FOUND', `there is no database "${name}" in ${id}`, {
      source: 'databases',
      remedy: 'See: koji db list',
    });
  };

  const tablesOf = async (
    id: string,
    opened: EngineAccess,
    name: string,
    signal: AbortSignal,
  ): Promise<(Table & { readonly quoted: string })[]> => {
    const rows = await run(engineOf(id).tables(opened, name), `cannot list the tables of ${name}`, signal);
    return rows
      .split('\n')
      .filter((row) => row !== '')
      .map((row) => {
        const [table = '', quoted = '', size = '0'] = row.split('\t');
        return { name: table, quoted, sizeBytes: Number(size) };
      });
  };

  const dump = async (
    id: string,
    name: string,
    file: string,
    task: TaskReporter,
    signal: AbortSignal,
    { tables, content }: DumpOptions = WHOLE,
  ): Promise<void> => {
    const opened = await access(id, signal);
    const engine = engineOf(id);
    const all = await tablesOf(id, opened, name, signal);
    const sizes = all
      .filter((table) => content !== 'schema' && (tables.length === 0 || tables.includes(table.name)))
      .map(({ quoted, sizeBytes }) => [quoted, sizeBytes] as const);
    await writeDump({
      system,
      command: engine.dump(opened, name, { tables, content }),
      file,
      what: `cannot write a dump of ${name}`,
      task,
      signal,
      mask,
      tables: { kind: engine.dumps === 'mysql' ? 'mysql' : 'postgres', sizes: new Map(sizes) },
    });
  };

  const execute = async (
    id: string,
    statement: 'create' | 'drop',
    name: string,
    signal: AbortSignal,
  ): Promise<void> => {
    const command = engineOf(id).execute(await access(id, signal), statement, name);
    await run(command, `cannot ${statement} ${name}`, signal, QUERY_TIMEOUT_MS);
  };
  const assertDumps = (id: string, what: string): void => assertCanDump(engines, id, engineOf(id).clients, what);
  const assertFree = async (id: string, name: string, what: string): Promise<void> => {
    if ((await databasesOf(id)).every((database) => database.name !== name)) return;
    throw new KojiboxError('VALIDATION_FAILED', what, {
      detail: `there is a database "${name}" in ${id} already`,
      source: 'databases',
      remedy: 'Choose another name.',
    });
  };

  const importInto = async (
    id: string,
    name: string,
    order: Omit<ImportOrder, 'scratch' | 'execute'>,
    tasks: Parameters<typeof runImport>[2],
    signal: AbortSignal,
  ): Promise<void> => {
    const [engine, opened, what] = [engineOf(id), await access(id, signal), `cannot import into ${name}`];
    const work = { system, engine, access: opened, product: supervisor.state(id).name, name, what, signal, run, mask };
    const scratch = backupFile(id, name).replace(/\.sql\.gz$/, '.scratch.sql.gz');
    // Before, so that the project keeps its rights while it is read; after, for the roles that it names.
    if (!order.isNew) await logins.give(id, name);
    const { roles, skipped, collation } = await runImport(
      work,
      { ...order, scratch, execute: (statement, until) => execute(id, statement, name, until) },
      tasks,
    );
    await logins.give(id, name);
    const remarks = [
      ...(roles.length === 0 ? [] : [sayWork('rolesMade', { roles: roles.join(', ') })]),
      ...(skipped.length === 0 ? [] : [sayWork('leftOut', { statements: skipped.join(', ') })]),
      ...(collation === null
        ? []
        : [
            collation.isChanged
              ? sayWork('newOrder', { collation: collation.database })
              : sayWork('otherOrder', { tables: collation.tables, database: collation.database }),
          ]),
    ];
    tasks.reading.done(remarks.length === 0 ? '' : listOf(remarks));
  };

  const backupFile = (id: string, name: string, ending = 'sql.gz'): string =>
    join(
      backups,
      `${id}-${name}-${new Date(clock.now()).toISOString().replaceAll(/[:.T]/g, '-').replace('Z', '')}.${ending}`,
    );

  return {
    list: () =>
      Promise.all(
        supervisor
          .states()
          .filter(({ runtime }) => isEngine(runtime))
          .map(async ({ id, name, runtime, version }) => {
            const databases = await databasesIfRunning(id);
            return {
              id,
              name,
              runtime: runtime ?? '',
              version: version ?? '',
              running: databases !== null,
              dumpProblem: engines.dumpProblem(id, engineOf(id).clients),
              databases: databases ?? [],
            };
          }),
      ),

    async create(id, name) {
      await execute(id, 'create', name, new AbortController().signal);
      await logins.give(id, name);
    },

    async tables(id, name) {
      await assertKnown(id, name);
      const { signal } = new AbortController();
      const found = await tablesOf(id, await access(id, signal), name, signal);
      return found
        .map((table) => ({ name: table.name, sizeBytes: table.sizeBytes }))
        .sort((a, b) => b.sizeBytes - a.sizeBytes);
    },

    async drop(id, name) {
      await assertKnown(id, name);
      assertDumps(id, `cannot drop ${name}: a dump of it is written first`);
      return changes.run('databases.drop', `Dropping ${name}`, async ({ task, signal }) => {
        const [backup, dropping] = [task('backup', sayWork('backup'), 5), task('drop', sayWork('drop'))];
        const file = backupFile(id, name);
        await dump(id, name, file, backup, signal);
        backup.done(file);
        dropping.step('drop');
        await execute(id, 'drop', name, signal);
        dropping.done();
      }).change;
    },

    async export(id, name, { path, format, tables, content }) {
      await assertKnown(id, name);
      const what = `cannot write a dump of ${name}`;
      assertDumps(id, what);
      const file = path ?? backupFile(id, name, format);
      if (!isAbsolute(file) || packingOfName(file) === null || (await files.stat(file)) !== null)
        throw new KojiboxError('VALIDATION_FAILED', what, {
          detail: `${file} must be an absolute path that ends with ${DUMP_ENDINGS.join(', ')}, and must not be there yet`,
          source: 'databases',
        });
      const folder = await files.stat((await files.realPath(dirname(file))) ?? dirname(file));
      if (path !== undefined && folder?.type !== 'directory')
        throw new KojiboxError('VALIDATION_FAILED', what, {
          detail: `${dirname(file)} is not a folder`,
          source: 'databases',
        });
      if (tables.length > 0) {
        const { signal } = new AbortController();
        const known = new Set((await tablesOf(id, await access(id, signal), name, signal)).map((table) => table.name));
        const unknown = tables.filter((table) => !known.has(table));
        if (unknown.length > 0)
          throw new KojiboxError('NOT_FOUND', what, {
            detail: `there is no table ${unknown.map((table) => `"${table}"`).join(', ')} in it`,
            source: 'databases',
            remedy: `See: koji db tables ${id} ${name}`,
          });
      }
      return changes.run('databases.export', `Exporting ${name}`, async ({ task, signal }) => {
        const writing = task('dump', name);
        await dump(id, name, file, writing, signal, { tables, content });
        writing.done(file);
      }).change;
    },

    async import(id, name, path, { create, replace }) {
      const what = `cannot import into ${name}`;
      const found = (await databasesOf(id)).find((database) => database.name === name);
      if (found === undefined && !create)
        throw new KojiboxError('NOT_FOUND', what, {
          detail: `there is no database "${name}" in ${id}`,
          source: 'databases',
          remedy: 'Have it made for the dump: --create. What there is: koji db list',
        });
      const stat = isAbsolute(path) ? await files.stat((await files.realPath(path)) ?? path) : null;
      if (stat?.type !== 'file' || !(await files.canRead(path)))
        throw new KojiboxError('VALIDATION_FAILED', what, {
          detail: `${path} is not a file that can be read`,
          source: 'databases',
        });
      if (found !== undefined) assertDumps(id, `${what}: what is in it is dumped first`);
      return changes.run('databases.import', `Importing into ${name}`, async (context) => {
        const [verifying, backup, reading] = [
          context.task('verify', sayWork('dump'), 1),
          context.task('backup', sayWork('backup'), 2),
          context.task('import', name, 5),
        ];
        const keep = async (): Promise<string> => {
          const file = backupFile(id, name);
          await dump(id, name, file, backup, context.signal);
          backup.done(file);
          return file;
        };
        const isNew = found === undefined;
        if (isNew) backup.skip(sayWork('newDatabase'));
        const order = { path, isNew, isReplacing: replace && !isNew, backup: isNew ? null : keep };
        await importInto(id, name, order, { verifying, reading }, context.signal);
      }).change;
    },

    async copy(id, name, target) {
      const what = `cannot copy ${name} to ${target}`;
      await assertKnown(id, name);
      await assertFree(id, target, what);
      assertDumps(id, what);
      return changes.run('databases.copy', `Copying ${name} to ${target}`, async (context) => {
        const [writing, verifying, reading] = [
          context.task('dump', name, 3),
          context.task('verify', sayWork('dump'), 1),
          context.task('import', target, 5),
        ];
        const file = `${backupFile(id, target).slice(0, -'.sql.gz'.length)}.copy.sql.gz`;
        try {
          await dump(id, name, file, writing, context.signal);
          writing.done();
          const order = { path: file, isNew: true, isReplacing: false, backup: null };
          await importInto(id, target, order, { verifying, reading }, context.signal);
        } finally {
          await files.remove(file);
        }
      }).change;
    },

    async logins() {
      const states = supervisor.states().filter(({ runtime, ports }) => isEngine(runtime) && ports.length > 0);
      const pairs = states.map(async ({ id, runtime }) => {
        const login = {
          runtime: runtime ?? '',
          port: portOf(id),
          user: engineOf(id).user,
          password: await passwordOf(id),
        };
        return [id, login] as const;
      });
      return Object.fromEntries(await Promise.all(pairs));
    },
    assertEngine: (id) => void engineOf(id),

    async connection(id, name) {
      await assertKnown(id, name);
      const [port, login] = [portOf(id), await logins.give(id, name)];
      return { url: engineOf(id).url({ port, ...login }, name), host: '127.0.0.1', port, ...login };
    },
  };
}
