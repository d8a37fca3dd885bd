/**
 * The logins of projects: no superuser, each for the databases of one name. They are made and repaired when a server has started, and when one is
 * first needed. What a database holds stays as it is; only who owns it changes.
 */
import { randomBytes } from 'node:crypto';
import { KojiboxError } from '../../../contract/errors.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import type { Supervisor } from '../../services/supervisor.ts';
import type { System } from '../../system/system.ts';
import { POSTGRES_USER } from '../../recipes/postgres.ts';
import type { LoaderLogin } from '../engine.ts';
import { inRoleLane } from '../role-lane.ts';
import type { ForeignServers, ServerSession } from '../server-import/foreign-server.ts';
import { withSession } from '../server-import/importer.ts';
import { claimOf, loginOf, passwordOfLogin } from './login-names.ts';
import { ensureMariadbLogin, giveMariadbDatabase } from './mariadb-logins.ts';
import { ensurePostgresLogin, givePostgresDatabase } from './postgres-logins.ts';

const TIMEOUT_MS = 30_000;

export interface Logins {
  /** Makes the login for a name of a database, once for each start of the server, and gives it the database if that is there. Never rejects. */
  ensure(engine: string, database: string): Promise<void>;
  /** The login that has a database which is there; it is made, and given the database, each time. Rejects with DATABASE_FAILED. */
  give(engine: string, database: string): Promise<LoaderLogin>;
  /** Every login that projects need, and their databases, once for each start of the server. Never rejects. */
  repair(engine: string): Promise<void>;
  /** When every repair that was begun has ended. */
  settled(): Promise<void>;
  /** Touches nothing of this server until the returned function is called, which repairs: all that it holds is being exchanged. */
  hold(engine: string): () => Promise<void>;
}

/** How a kind of server is asked. */
interface LoginRecipe {
  readonly kind: 'postgres' | 'mysql';
  readonly home: string;
  /** Begins each session. */
  readonly first: readonly string[];
  readonly databases: string;
  ensure(database: string, login: LoaderLogin): string[];
  give(database: string, user: string): string[];
}

const RECIPES: Readonly<Record<string, LoginRecipe>> = {
  postgres: {
    kind: 'postgres',
    home: 'postgres',
    // What a database has by names of the server's own is never meant; see CVE-2018-1058.
    first: ['set search_path = pg_catalog', `set lock_timeout = '5s'`],
    databases: `select datname as name from pg_database where not datistemplate and datallowconn and datname <> 'postgres'`,
    ensure: (_, login) => ensurePostgresLogin(login),
    give: (_, user) => givePostgresDatabase(user, randomBytes(6).toString('hex')),
  },
  mariadb: {
    kind: 'mysql',
    home: '',
    first: [],
    databases: `select schema_name as name from information_schema.schemata
      where schema_name not in ('information_schema', 'mysql', 'performance_schema', 'sys')`,
    ensure: ensureMariadbLogin,
    give: giveMariadbDatabase,
  },
};

export function createLogins(options: {
  readonly log: System['log'];
  readonly secrets: Pick<Secrets, 'get' | 'ensure'>;
  readonly supervisor: Pick<Supervisor, 'state'>;
  readonly servers: Pick<ForeignServers, 'connect'>;
  /** Names of the databases of all projects in this server, there or not. */
  wanted(engine: string): Promise<string[]>;
}): Logins {
  const { log, secrets, servers } = options;
  /** What was made for which start of a server. */
  const made = new Map<string, number>();
  const repairs = new Set<Promise<void>>();
  /** By engine, the start for which all was repaired. */
  const repaired = new Map<string, number>();
  const held = new Set<string>();

  /** Null while it does not run or is held, and for what has no databases. */
  const runningOf = (engine: string): { recipe: LoginRecipe; port: number; pid: number } | null => {
    if (held.has(engine)) return null;
    const { runtime, state, pid, ports } = options.supervisor.state(engine);
    const recipe = RECIPES[runtime ?? ''];
    return recipe === undefined || state !== 'running' ? null : { recipe, port: ports[0]?.port ?? 0, pid: pid ?? 0 };
  };

  const ask = async <T>(
    engine: string,
    { recipe, port }: { recipe: LoginRecipe; port: number },
    database: string,
    work: (session: ServerSession) => Promise<T>,
  ): Promise<T> => {
    const password = (await secrets.get({ key: `${engine}-password`, scope: 'service' })) ?? '';
    const address = { kind: recipe.kind, host: '127.0.0.1', port, socket: null, user: POSTGRES_USER, password };
    const place = recipe.kind === 'postgres' ? database : '';
    return withSession(servers, address, place, AbortSignal.timeout(TIMEOUT_MS), async (session) => {
      for (const statement of recipe.first) await session.query(statement);
      return work(session);
    });
  };
  const runAll = async (session: ServerSession, statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await session.query(statement);
  };

  const loginFor = async (engine: string, name: string): Promise<LoaderLogin> => ({
    user: loginOf(name),
    password: await secrets.ensure(passwordOfLogin(engine, name)),
  });

  /** In the lane. @param names of databases, each with a login @param given databases, each with the name that has it */
  const put = async (
    engine: string,
    running: NonNullable<ReturnType<typeof runningOf>>,
    names: readonly string[],
    given: readonly (readonly [database: string, name: string])[],
  ): Promise<unknown[]> => {
    const { recipe, pid } = running;
    const failures: unknown[] = [];
    const attempt = async (database: string, name: string, statements: readonly string[]): Promise<void> => {
      try {
        await ask(engine, running, database, (session) => runAll(session, statements));
      } catch (error) {
        failures.push(error);
        made.delete(`${engine}/${name}`);
      }
    };
    for (const name of names) {
      made.set(`${engine}/${name}`, pid);
      await attempt(recipe.home, name, recipe.ensure(name, await loginFor(engine, name)));
    }
    for (const [database, name] of given) await attempt(database, name, recipe.give(database, loginOf(name)));
    return failures;
  };

  const listOf = (engine: string, running: NonNullable<ReturnType<typeof runningOf>>): Promise<string[]> =>
    ask(engine, running, running.recipe.home, async (session) =>
      (await session.query(running.recipe.databases)).map(({ name }) => name ?? ''),
    );

  const quietly = async (engine: string, work: () => Promise<unknown[]>): Promise<void> => {
    const failures = await work().catch((error: unknown) => [error]);
    for (const error of failures)
      log.warn('cannot put the logins of projects in order', {
        engine,
        ...(error instanceof KojiboxError ? { error: error.message, detail: error.detail } : { error: String(error) }),
      });
  };

  const repairAll = async (engine: string): Promise<void> => {
    const before = runningOf(engine);
    if (before === null || repaired.get(engine) === before.pid) return;
    repaired.set(engine, before.pid);
    await quietly(engine, () =>
      inRoleLane(before.port, async () => {
        const running = runningOf(engine);
        if (running === null) return [];
        const names = await options.wanted(engine);
        const there = await listOf(engine, running);
        const given = there.flatMap((database) => {
          const name = claimOf(database, names);
          return name === null ? [] : [[database, name] as const];
        });
        return put(engine, running, names, given);
      }),
    );
  };

  const startRepair = (engine: string): Promise<void> => {
    const repair = repairAll(engine).finally(() => repairs.delete(repair));
    repairs.add(repair);
    return repair;
  };

  return {
    async ensure(engine, database) {
      const isMade = (): boolean => made.get(`${engine}/${database}`) === runningOf(engine)?.pid;
      const before = runningOf(engine);
      if (before === null || isMade()) return;
      await quietly(engine, () =>
        inRoleLane(before.port, async () => {
          const running = runningOf(engine);
          if (running === null || isMade()) return [];
          const names = [...(await options.wanted(engine)), database];
          const there = (await listOf(engine, running)).filter((one) => claimOf(one, names) === database);
          return put(
            engine,
            running,
            [database],
            there.map((one) => [one, database] as const),
          );
        }),
      );
    },

    async give(engine, database) {
      const running = runningOf(engine);
      const name = claimOf(database, await options.wanted(engine)) ?? database;
      if (running !== null) {
        const [failure] = await inRoleLane(running.port, () => put(engine, running, [name], [[database, name]]));
        if (failure !== undefined) throw failure;
      }
      return loginFor(engine, name);
    },

    repair: startRepair,
    hold(engine) {
      held.add(engine);
      return async () => {
        held.delete(engine);
        repaired.delete(engine);
        for (const key of [...made.keys()].filter((one) => one.startsWith(`${engine}/`))) made.delete(key);
        await startRepair(engine);
      };
    },
    async settled() {
      await Promise.all(repairs);
    },
  };
}
