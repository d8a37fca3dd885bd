/**
 * Imports from servers of somebody else. All databases of one import become visible together, when every one has been compared; until then
 * they carry a mark, so that a cancel, a failure or the next daemon drops exactly those.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Change } from '../../../contract/changes.ts';
import { KojiboxError } from '../../../contract/errors.ts';
import type { InputOf, OutputOf } from '../../../contract/index.ts';
import type { ServiceState } from '../../../contract/services.ts';
import {
  SERVER_PORTS,
  ServerImportRecordSchema,
  type ServerImportRecord,
  type ServerLogin,
} from '../../../contract/server-import.ts';
import type { ChangeContext } from '../../changes/changes.ts';
import type { JsonStore } from '../../config/json-store.ts';
import type { Kojibox } from '../../kojibox-types.ts';
import { timestamp } from '../../system/clock.ts';
import type { System } from '../../system/system.ts';
import { createEngineAccess, type EngineAccessor } from '../engine-access.ts';
import { isLoopback, type ForeignServers, type ServerAddress, type ServerSession } from './foreign-server.ts';
import { withSession, type FoundServer, type Passage, type ServerImporter, type TargetServer } from './importer.ts';
import { mysqlImport } from './mysql-import.ts';
import { planNames, type PlannedName } from './plan-names.ts';
import { postgresImport } from './postgres-import.ts';

const IMPORTERS: Readonly<Record<ServerLogin['kind'], ServerImporter>> = {
  postgres: postgresImport,
  mysql: mysqlImport,
};
/** Bytes on disk here for each byte of tables there: indexes and logs come on top. */
const ROOM = 1.5;

export const ServerImportStoreSchema = z.object({
  records: z.array(ServerImportRecordSchema),
  /** Begun, and neither ended nor cleared away. */
  unfinished: z.array(z.object({ id: z.string(), engine: z.string() })),
});
export type ServerImportStore = z.infer<typeof ServerImportStoreSchema>;

export interface ServerImports {
  inspect(input: InputOf<'serverImport.inspect'>): Promise<OutputOf<'serverImport.inspect'>>;
  /** Rejects before it begins for what cannot work; nothing is created then. */
  start(input: InputOf<'serverImport.start'>): Promise<Change>;
  list(): readonly ServerImportRecord[];
  undo(id: string): Change;
  /** To be told of each service, so that what a kill broke off is dropped as soon as its server runs. */
  serviceChanged(state: Pick<ServiceState, 'id' | 'state'>): void;
  /** The same for servers that run already. */
  recover(): void;
}

export function createServerImports(options: {
  readonly system: System;
  readonly kojibox: Pick<
    Kojibox,
    'runtimes' | 'supervisor' | 'secrets' | 'changes' | 'databases' | 'layout' | 'notice'
  >;
  readonly foreign: ForeignServers;
  readonly store: JsonStore<ServerImportStore>;
}): ServerImports {
  const { system, foreign, store } = options;
  const { runtimes, supervisor, changes, databases, layout } = options.kojibox;
  const engines: EngineAccessor = createEngineAccess({ system, ...options.kojibox });
  /** Imports of this process that are under way. */
  const alive = new Set<string>();

  const refuse = (detail: string, remedy: string): KojiboxError =>
    new KojiboxError('VALIDATION_FAILED', 'cannot take over these databases', { detail, source: 'databases', remedy });

  const serviceFor = (importer: ServerImporter, engine: string | undefined): string | null => {
    if (engine !== undefined) {
      if (engines.engineOf(engine).runtime === importer.runtime) return engine;
      throw refuse(`${engine} takes no databases of such a server`, 'Leave the engine out, or name another.');
    }
    return supervisor.states().find(({ runtime }) => runtime === importer.runtime)?.id ?? null;
  };
  const targetOf = async (id: string, kind: ServerLogin['kind']): Promise<TargetServer | null> => {
    const { name, state, version } = supervisor.state(id);
    if (state !== 'running') return null;
    const password = await engines.passwordOf(id);
    const { user } = engines.engineOf(id);
    const address = { kind, host: '127.0.0.1', port: engines.portOf(id), socket: null, user, password };
    return { id, name, version: version ?? '', address };
  };
  const onTarget = <T>(
    target: TargetServer,
    signal: AbortSignal,
    work: (session: ServerSession) => Promise<T>,
  ): Promise<T> =>
    withSession(foreign, target.address, target.address.kind === 'postgres' ? 'postgres' : '', signal, work);

  /** Ways in, best first: as asked, or, without a password, by the sockets at which the daemon's own user may be let in. */
  const waysIn = (login: ServerLogin): ServerAddress[] => {
    const { kind, socket = null, user = foreign.userName, password = '' } = login;
    const port = login.port ?? portIn(kind, socket) ?? SERVER_PORTS[kind];
    const host = login.host ?? '127.0.0.1';
    const asked = { kind, host, port, socket: kind === 'postgres' ? socketFile(socket, port) : socket, user, password };
    if (socket !== null || password !== '' || !isLoopback(host)) return [asked];
    return [...foreign.findSockets(kind, port).map((found) => ({ ...asked, socket: found })), asked];
  };
  /** The first way that leads in. Rejects with what the last one said. */
  const enter = async (login: ServerLogin, signal: AbortSignal): Promise<ServerAddress> => {
    const ways = waysIn(login);
    for (const [index, way] of ways.entries()) {
      const ours = supervisor
        .states()
        .find(({ ports }) => way.socket === null && isLoopback(way.host) && ports[0]?.port === way.port);
      if (ours !== undefined)
        throw refuse(`port ${way.port} is Kojibox's own ${ours.name}`, 'Give the port of the other server.');
      try {
        await withSession(foreign, way, way.kind === 'postgres' ? 'postgres' : '', signal, () => Promise.resolve());
        return way;
      } catch (error) {
        // A server without a database "postgres" has let the user in.
        if (error instanceof KojiboxError && error.code === 'DATABASE_FAILED') return way;
        if (index === ways.length - 1) throw error;
      }
    }
    throw refuse('there is no way in', 'Give host and port.');
  };
  const clientSeries = (): string[] =>
    runtimes
      .list(new Map())
      .filter(({ name }) => name === 'postgres-client')
      .map(({ series }) => series)
      .sort((a, b) => Number(a) - Number(b));

  interface Looked {
    readonly importer: ServerImporter;
    readonly source: ServerAddress;
    readonly serviceId: string | null;
    readonly target: TargetServer | null;
    readonly found: FoundServer;
    readonly taken: ReadonlySet<string>;
  }
  const lookAt = async (login: ServerLogin, engine: string | undefined, signal: AbortSignal): Promise<Looked> => {
    const importer = IMPORTERS[login.kind];
    const serviceId = serviceFor(importer, engine);
    const target = serviceId === null ? null : await targetOf(serviceId, login.kind);
    const source = await enter(login, signal);
    if (target !== null) await sweep(target, importer, signal);
    const found = await importer.look({ foreign, source, target, clientSeries: clientSeries(), signal });
    const taken = target === null ? new Set<string>() : await onTarget(target, signal, importer.takenNames);
    return { importer, source, serviceId, target, found, taken };
  };

  const sweep = async (target: TargetServer, importer: ServerImporter, signal: AbortSignal): Promise<void> =>
    onTarget(target, signal, async (session) => {
      for (const { name, importId } of await importer.marked(session)) {
        if (alive.has(importId)) continue;
        await importer.drop(session, name);
        options.kojibox.notice(
          `An import that was broken off left the database ${name}; it was dropped. The other server was only read.`,
        );
      }
    });

  const copyAll = async (
    { importer, source, found, target }: Looked & { readonly target: TargetServer },
    planned: readonly PlannedName[],
    importId: string,
    { task, signal }: ChangeContext,
  ): Promise<void> => {
    const preparing = task('prepare', 'Preparing');
    const tasks = planned.map(({ database, target: name }) => ({
      label: database.name === name ? name : `${database.name} → ${name}`,
      database,
      final: name,
    }));
    const reporters = tasks.map(({ label, database }, index) =>
      task(`database-${index}`, label, 1 + Math.ceil(database.sizeBytes / 1e6)),
    );
    preparing.step('resolve');
    const access = await engines.access(target.id, signal);
    preparing.done();
    /** Not cancelled with the change: what is begun on our own server is brought to an end, and undone. */
    const { signal: steady } = new AbortController();
    await store.update((now) => ({ ...now, unfinished: [...now.unfinished, { id: importId, engine: target.id }] }));
    const begun: Passage[] = [];
    const results: ServerImportRecord['databases'] = [];
    try {
      for (const [index, { database, final }] of tasks.entries()) {
        signal.throwIfAborted();
        const about = { database, importId, index, final };
        const passage: Passage = { ...about, working: importer.workingName(about) };
        const reporter = reporters[index];
        if (reporter === undefined) continue;
        reporter.step('create');
        const remarks = await onTarget(target, steady, async (session) => {
          const made = await importer.create(session, passage);
          begun.push(passage);
          return made;
        });
        const work = { system, foreign, source, target, access, signal };
        const copied = await importer.transfer(work, passage, reporter);
        const all = [...database.remarks, ...remarks, ...copied.remarks];
        results.push({ from: database.name, name: final, tables: copied.tables, rows: copied.rows, remarks: all });
        reporter.done(
          `${copied.tables} tables, ${copied.rows} rows: the same on both sides${all.map((text) => `; ${text}`).join('')}`,
        );
      }
      signal.throwIfAborted();
      await onTarget(target, steady, async (session) => {
        for (const [index, passage] of begun.entries()) {
          await importer.publish(session, passage);
          begun[index] = { ...passage, working: passage.final };
        }
      });
      const from = `${found.product} ${found.version} at ${source.socket ?? `${source.host}:${source.port}`}`;
      const record = {
        id: `import-${importId}`,
        at: timestamp(system.clock),
        engine: target.id,
        from,
        databases: results,
      };
      await store.update(({ records, unfinished }) => ({
        records: [...records, record],
        unfinished: unfinished.filter(({ id }) => id !== importId),
      }));
    } catch (error) {
      try {
        await dropAll(target, importer, begun);
        await forget([importId]);
      } catch (cause) {
        // The mark is on them: they go as soon as that server runs again.
        system.log.error('cannot drop what an import began', { importId, error: String(cause) });
      }
      throw error;
    }
  };
  const forget = async (ids: readonly string[]): Promise<void> => {
    await store.update((now) => ({ ...now, unfinished: now.unfinished.filter(({ id }) => !ids.includes(id)) }));
  };
  const dropAll = async (target: TargetServer, importer: ServerImporter, begun: readonly Passage[]): Promise<void> => {
    const { signal } = new AbortController();
    if (begun.length === 0) return;
    await onTarget(target, signal, async (session) => {
      for (const { working } of begun) await importer.drop(session, working);
    });
  };

  const serviceChanged: ServerImports['serviceChanged'] = ({ id, state }) => {
    const left = store.get().unfinished.filter((one) => one.engine === id && !alive.has(one.id));
    if (state !== 'running' || left.length === 0) return;
    void clearAway(id, left).catch((error: unknown) =>
      // It is tried again with the next look at a server, and with the next start.
      system.log.warn('cannot tidy up what an import left', { engine: id, error: String(error) }),
    );
  };
  const clearAway = async (id: string, left: readonly { readonly id: string }[]): Promise<void> => {
    const { runtime } = supervisor.state(id);
    const kind = runtime === IMPORTERS.postgres.runtime ? 'postgres' : 'mysql';
    const target = await targetOf(id, kind);
    if (target === null) return;
    await sweep(target, IMPORTERS[kind], new AbortController().signal);
    await forget(left.map((one) => one.id));
  };

  return {
    async inspect({ engine, ...login }) {
      const { signal } = new AbortController();
      const { source, serviceId, target, found, taken } = await lookAt(login, engine, signal);
      const service = serviceId === null ? null : supervisor.state(serviceId);
      const plan = planNames(
        found.databases.map((database) => ({ database })),
        taken,
        'rename',
      );
      const { kind, host, port, socket, user } = source;
      return {
        kind,
        product: found.product,
        version: found.version,
        login: { host, port, socket, user },
        engine:
          service === null
            ? null
            : { id: service.id, name: service.name, version: service.version ?? '', running: target !== null },
        problems: [
          ...found.problems,
          ...(service === null ? ['There is no server here that takes them. Choose one with: koji setup'] : []),
          ...(service !== null && target === null
            ? [`${service.name} does not run. Start it with: koji start ${service.id}`]
            : []),
        ],
        databases: plan.map(({ database, target: name, taken: isTaken, problem }) => ({
          name: database.name,
          sizeBytes: database.sizeBytes,
          tables: database.tables,
          collation: database.collation,
          target: name ?? '',
          taken: isTaken,
          problems: [...database.problems, ...(problem === null ? [] : [problem])],
          remarks: [...database.remarks],
        })),
      };
    },

    async start({ engine, databases: chosen, onConflict = 'refuse', ...login }) {
      if (changes.running('serverImport.start') !== undefined)
        throw new KojiboxError('UNAVAILABLE', 'cannot take over these databases now', {
          detail: 'another import is under way',
          source: 'databases',
          remedy: 'Wait for its end: koji changes',
        });
      const looked = await lookAt(login, engine, new AbortController().signal);
      const { found, serviceId, target, taken } = looked;
      if (serviceId === null || target === null)
        throw new KojiboxError('UNAVAILABLE', 'cannot take over these databases', {
          detail: serviceId === null ? 'there is no server here that takes them' : `${serviceId} does not run`,
          source: 'databases',
          remedy: serviceId === null ? 'Choose one with: koji setup' : `Start it with: koji start ${serviceId}`,
        });
      const [serverProblem] = found.problems;
      if (serverProblem !== undefined) throw refuse(serverProblem, 'Nothing was begun.');
      const wanted = chosen.map(({ name, target: as }) => {
        const database = found.databases.find((one) => one.name === name);
        if (database === undefined)
          throw new KojiboxError('NOT_FOUND', `there is no database "${name}" on that server`, {
            source: 'databases',
            remedy: `It has: ${found.databases.map((one) => one.name).join(', ') || 'none'}`,
          });
        if (database.problems.length > 0)
          throw refuse(
            `"${name}" cannot be taken over: ${database.problems.join(' ')}`,
            'Leave it out, or do what the detail says.',
          );
        return { database, ...(as === undefined ? {} : { as }) };
      });
      const planned: PlannedName[] = planNames(wanted, taken, onConflict).map(({ problem, ...rest }) => {
        if (problem !== null) throw refuse(problem, 'Give it another name here, or let a number be added.');
        return rest;
      });
      const needed = planned.reduce((sum, { database }) => sum + database.sizeBytes * ROOM, 0);
      const free = await system.files.freeBytes(layout.data);
      if (needed > free)
        throw new KojiboxError('DISK_FULL', 'cannot take over these databases', {
          detail: `they need about ${Math.ceil(needed / 1e6)} MB in ${layout.data}, and ${Math.floor(free / 1e6)} MB are free`,
          source: 'databases',
        });
      const importId = randomBytes(3).toString('hex');
      alive.add(importId);
      const count = planned.length === 1 ? '1 database' : `${planned.length} databases`;
      const { change, ended } = changes.run('serverImport.start', `Taking over ${count}`, (context) =>
        copyAll({ ...looked, target }, planned, importId, context),
      );
      void ended.catch(() => undefined).finally(() => alive.delete(importId));
      return change;
    },

    list: () => store.get().records,

    undo(id) {
      const record = store.get().records.find((one) => one.id === id);
      if (record === undefined)
        throw new KojiboxError('NOT_FOUND', `there is no import "${id}"`, {
          source: 'databases',
          remedy: 'See: koji db imports',
        });
      const names = record.databases.map(({ name }) => name);
      return changes.run('serverImport.undo', `Dropping ${names.join(', ')}`, async ({ task, signal }) => {
        const work = names.map((name) => ({ name, reporter: task(name, name) }));
        const there = (await databases.list()).find((one) => one.id === record.engine);
        if (there?.running !== true)
          throw new KojiboxError('UNAVAILABLE', `cannot reach ${record.engine}`, {
            detail: 'it does not run',
            source: 'databases',
            remedy: `Start it with: koji start ${record.engine}`,
          });
        for (const { name, reporter } of work) {
          signal.throwIfAborted();
          if (!there.databases.some((one) => one.name === name)) {
            reporter.skip('it is not there any more');
            continue;
          }
          reporter.step('drop');
          const ended = await changes.ended((await databases.drop(record.engine, name)).id);
          reporter.done(ended.tasks[0]?.detail ?? '');
        }
        await store.update((now) => ({ ...now, records: now.records.filter((one) => one.id !== id) }));
      }).change;
    },

    serviceChanged,
    recover() {
      for (const state of supervisor.states()) serviceChanged(state);
    },
  };
}

/** `/run/postgresql/.s.PGSQL.5433` tells its port. */
const portIn = (kind: ServerLogin['kind'], socket: string | null): number | null => {
  const port = kind === 'postgres' ? /\.s\.PGSQL\.(\d+)$/.exec(socket ?? '')?.[1] : undefined;
  return port === undefined ? null : Number(port);
};
/** libpq names the folder; the server the file. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-HOST */
const socketFile = (socket: string | null, port: number): string | null =>
  socket === null || /\.s\.PGSQL\.\d+$/.test(socket) ? socket : `${socket.replace(/\/+$/, '')}/.s.PGSQL.${port}`;
