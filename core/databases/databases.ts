/** Databases of the engines that run here. Slow work is a change; what is deleted or overwritten is dumped first. */
import { isAbsolute, join } from 'node:path';
import type { Change } from '../../contract/changes.ts';
import type { Database, Engine } from '../../contract/databases.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Changes, TaskReporter } from '../changes/changes.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { System } from '../system/system.ts';
import type { AdminerLogin } from './adminer.ts';
import { feedDump, verifyDump, writeDump } from './dump-file.ts';
import { createEngineAccess, isEngine } from './engine-access.ts';
import type { ClientCommand } from './engine.ts';
import { sayWork } from '../../contract/sentences/work.ts';

const QUERY_TIMEOUT_MS = 15_000;

export interface Databases {
  /** Engines in the order of the services; one that does not run has no databases here. */
  list(): Promise<Engine[]>;
  create(engine: string, name: string): Promise<void>;
  drop(engine: string, name: string): Promise<Change>;
  export(engine: string, name: string, path: string | undefined): Promise<Change>;
  import(engine: string, name: string, path: string): Promise<Change>;
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
  /** Where dumps go that name no file. */
  readonly backups: string;
}): Databases {
  const { system, runtimes, supervisor, secrets, changes, backups } = options;
  const { files, clock } = system;

  const { engineOf, passwordOf, portOf, access, run } = createEngineAccess({ system, runtimes, supervisor, secrets });

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

  const assertKnown = async (id: string, name: string): Promise<Database> => {
    const found = (await databasesOf(id)).find((database) => database.name === name);
    if (found !== undefined) return found;
    throw new KojiboxError('NOT_FOUND', `there is no database "${name}" in ${id}`, {
      source: 'databases',
      remedy: 'See: koji db list',
    });
  };

  const dump = async (
    id: string,
    database: Database,
    file: string,
    task: TaskReporter,
    signal: AbortSignal,
  ): Promise<void> => {
    const opened = await access(id, signal);
    const command = (partial: string): ClientCommand => engineOf(id).dump(opened, database.name, partial);
    await writeDump({ system, run, command, file, what: `cannot write a dump of ${database.name}`, task, signal });
  };

  const backupFile = (id: string, name: string): string =>
    join(
      backups,
      `${id}-${name}-${new Date(clock.now()).toISOString().replaceAll(/[:.T]/g, '-').replace('Z', '')}.sql.gz`,
    );

  return {
    list: () =>
      Promise.all(
        supervisor
          .states()
          .filter(({ runtime }) => isEngine(runtime))
          .map(async ({ id, name, state }) => ({
            id,
            name,
            running: state === 'running',
            databases: state === 'running' ? await databasesOf(id) : [],
          })),
      ),

    async create(id, name) {
      const { signal } = new AbortController();
      const command = engineOf(id).execute(await access(id, signal), 'create', name);
      await run(command, `cannot create ${name}`, signal, QUERY_TIMEOUT_MS);
    },

    async drop(id, name) {
      const database = await assertKnown(id, name);
      return changes.run('databases.drop', `Dropping ${name}`, async ({ task, signal }) => {
        const [backup, dropping] = [task('backup', sayWork('backup'), 5), task('drop', sayWork('drop'))];
        const file = backupFile(id, name);
        await dump(id, database, file, backup, signal);
        backup.done(file);
        dropping.step('drop');
        const command = engineOf(id).execute(await access(id, signal), 'drop', name);
        await run(command, `cannot drop ${name}`, signal, QUERY_TIMEOUT_MS);
        dropping.done();
      }).change;
    },

    async export(id, name, path) {
      const database = await assertKnown(id, name);
      const file = path ?? backupFile(id, name);
      if (!isAbsolute(file) || !file.endsWith('.sql.gz') || (await files.stat(file)) !== null)
        throw new KojiboxError('VALIDATION_FAILED', `cannot write a dump of ${name}`, {
          detail: `${file} must be an absolute path that ends with .sql.gz, and must not be there yet`,
          source: 'databases',
        });
      return changes.run('databases.export', `Exporting ${name}`, async ({ task, signal }) => {
        const writing = task('dump', name);
        await dump(id, database, file, writing, signal);
        writing.done(file);
      }).change;
    },

    async import(id, name, path) {
      const database = await assertKnown(id, name);
      const stat = isAbsolute(path) ? await files.stat((await files.realPath(path)) ?? path) : null;
      if (stat?.type !== 'file' || !(await files.canRead(path)))
        throw new KojiboxError('VALIDATION_FAILED', `cannot import into ${name}`, {
          detail: `${path} is no file that can be read`,
          source: 'databases',
        });
      return changes.run('databases.import', `Importing into ${name}`, async ({ task, signal }) => {
        const [backup, reading] = [task('backup', sayWork('backup'), 2), task('import', name, 5)];
        const what = `cannot import ${path}`;
        const file = backupFile(id, name);
        await dump(id, database, file, backup, signal);
        backup.done(file);
        reading.step('verify');
        // All of it is read once before, so that a download cut short changes nothing.
        if (path.endsWith('.gz')) await run(verifyDump(path), what, signal);
        reading.step('import');
        await run(feedDump(path, engineOf(id).restore(await access(id, signal), name)), what, signal);
        reading.done();
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
      const [port, password] = [portOf(id), await passwordOf(id)];
      const engine = engineOf(id);
      return { url: engine.url({ port, password }, name), host: '127.0.0.1', port, user: engine.user, password };
    },
  };
}
