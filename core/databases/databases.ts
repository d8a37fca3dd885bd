/** Databases of the engines that run here. Slow work is a change; what is deleted or overwritten is dumped first. */
import { isAbsolute, join } from 'node:path';
import type { Change } from '../../contract/changes.ts';
import type { Database, Engine } from '../../contract/databases.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { InstalledRuntime } from '../../contract/runtimes.ts';
import type { Changes, TaskReporter } from '../changes/changes.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { System } from '../system/system.ts';
import type { AdminerLogin } from './adminer.ts';
import type { ClientCommand, DatabaseEngine, EngineAccess } from './engine.ts';
import { mariadbEngine } from './mariadb-engine.ts';
import { postgresEngine } from './postgres-engine.ts';

const ENGINES: readonly DatabaseEngine[] = [postgresEngine, mariadbEngine];
const isEngine = (runtime: string | null): boolean => ENGINES.some((engine) => engine.runtime === runtime);
const QUERY_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 1000;

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
  const { files, processes, clock } = system;

  const engineOf = (id: string): DatabaseEngine => {
    const { runtime } = supervisor.state(id);
    const engine = ENGINES.find((candidate) => candidate.runtime === runtime);
    if (engine !== undefined) return engine;
    throw new KojiboxError('NOT_FOUND', `${id} has no databases`, { source: 'databases' });
  };

  const passwordOf = async (id: string): Promise<string> =>
    (await secrets.get({ key: `${id}-password`, scope: 'service' })) ?? '';
  const portOf = (id: string): number => supervisor.state(id).ports[0]?.port ?? 0;

  /** The client programs nearest to the server's version: never older than it where there is a choice. */
  const clientsOf = async (engine: DatabaseEngine, id: string, signal: AbortSignal): Promise<InstalledRuntime> => {
    const unseen = { step: () => undefined, bytes: () => undefined };
    const version = supervisor.state(id).version ?? undefined;
    if (engine.clients === null) return runtimes.ensure(engine.runtime, version, unseen, signal);
    const known = runtimes
      .list(new Map())
      .filter(({ name }) => name === engine.clients)
      .sort((a, b) => Number(a.series) - Number(b.series));
    const wanted =
      known.find(({ series }) => Number(series) >= Math.floor(Number(version?.split('.')[0]))) ?? known.at(-1);
    return runtimes.ensure(engine.clients, wanted?.series, unseen, signal);
  };

  const access = async (id: string, signal: AbortSignal): Promise<EngineAccess> => {
    const state = supervisor.state(id);
    if (state.state !== 'running')
      throw new KojiboxError('UNAVAILABLE', `cannot reach ${state.name}`, {
        detail: 'it does not run',
        source: 'databases',
        remedy: `Start it with: koji start ${id}`,
      });
    const installed = await clientsOf(engineOf(id), id, signal);
    return {
      port: portOf(id),
      password: await passwordOf(id),
      tree: runtimes.treePath(installed),
      series: installed.series,
    };
  };

  const failed = (what: string, output: string): KojiboxError =>
    new KojiboxError('DATABASE_FAILED', what, {
      detail: secrets.mask(output.trim().split('\n').slice(-3).join(' ')).slice(0, 600),
      source: 'databases',
    });

  const run = async (
    { command, args, env }: ClientCommand,
    what: string,
    signal: AbortSignal,
    timeoutMs?: number,
  ): Promise<string> => {
    const result = await processes.run(command, args, {
      env,
      signal,
      cwd: '/',
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    signal.throwIfAborted();
    if (result.exitCode !== 0) throw failed(what, result.stderr || result.stdout);
    return result.stdout;
  };

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

  /** Dumps to `<file>` as gzip. Half a dump never has the name of a whole one. */
  const dump = async (
    id: string,
    database: Database,
    file: string,
    task: TaskReporter,
    signal: AbortSignal,
  ): Promise<void> => {
    const partial = `${file.replace(/\.gz$/, '')}.partial`;
    const what = `cannot write a dump of ${database.name}`;
    task.step('dump');
    let watching = true;
    const watch = async (): Promise<void> => {
      const size = (await files.stat(partial))?.size ?? 0;
      if (!watching) return;
      task.bytes(size, null);
      clock.after(LOOK_EVERY_MS, () => void watch());
    };
    try {
      await files.writeAtomic(partial, '', { mode: 0o600 });
      void watch();
      await run(engineOf(id).dump(await access(id, signal), database.name, partial), what, signal);
      task.step('compress');
      await run({ command: 'gzip', args: ['-f', '--', partial], env: { PATH: '/usr/bin:/bin' } }, what, signal);
      await files.rename(`${partial}.gz`, file);
    } finally {
      watching = false;
      await files.remove(partial);
      await files.remove(`${partial}.gz`);
    }
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
        const [backup, dropping] = [task('backup', 'Backup', 5), task('drop', 'Drop')];
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
        const [backup, reading] = [task('backup', 'Backup', 2), task('import', name, 5)];
        const what = `cannot import ${path}`;
        const file = backupFile(id, name);
        await dump(id, database, file, backup, signal);
        backup.done(file);
        reading.step('verify');
        const isPacked = path.endsWith('.gz');
        const shell = { PATH: '/usr/bin:/bin' };
        // All of it is read once before, so that a download cut short changes nothing.
        if (isPacked) await run({ command: 'gzip', args: ['-t', '--', path], env: shell }, what, signal);
        reading.step('import');
        const { command, args, env } = engineOf(id).restore(await access(id, signal), name);
        const script = isPacked ? 'file=$1; shift; gzip -dc -- "$file" | "$@"' : 'file=$1; shift; "$@" < "$file"';
        await run({ command: '/bin/sh', args: ['-c', script, 'import', path, command, ...args], env }, what, signal);
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
