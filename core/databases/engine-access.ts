/** How a running engine is asked: its client programs, its port, its password, and errors in the house's form. */
import { KojiboxError } from '../../contract/errors.ts';
import type { InstalledRuntime } from '../../contract/runtimes.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { System } from '../system/system.ts';
import { chooseClients, userOf, type ClientChoice } from './client-programs.ts';
import type { ClientCommand, DatabaseEngine, EngineAccess } from './engine.ts';
import { mariadbEngine } from './mariadb-engine.ts';
import { postgresEngine } from './postgres-engine.ts';
import { reasonIn } from './reason-in.ts';

const ENGINES: readonly DatabaseEngine[] = [postgresEngine, mariadbEngine];
const UNSEEN = { step: () => undefined, bytes: () => undefined };

/** Whether services of this runtime have databases inside. */
export const isEngine = (runtime: string | null): boolean => ENGINES.some((engine) => engine.runtime === runtime);

/** Throws RUNTIME_UNSUPPORTED, with what can be done instead, before anything is begun. */
export function assertCanDump(
  engines: Pick<EngineAccessor, 'dumpProblem'>,
  id: string,
  clients: string | null,
  what: string,
): void {
  const detail = engines.dumpProblem(id, clients);
  if (detail === '') return;
  throw new KojiboxError('RUNTIME_UNSUPPORTED', what, {
    detail,
    source: 'databases',
    remedy: `Nothing was changed. Keep all of the server as a copy of its data folder instead: koji db snapshot ${id} NAME --how copy`,
  });
}

/** Runs a client program; the password is only in its environment. Rejects with DATABASE_FAILED and what the program said. */
export type RunClient = (
  command: ClientCommand,
  what: string,
  signal: AbortSignal,
  timeoutMs?: number,
) => Promise<string>;

export interface EngineAccessor {
  /** Throws NOT_FOUND for a service without databases. */
  engineOf(id: string): DatabaseEngine;
  /** Why no dump of this server can be written here, for people; empty when one can. */
  dumpProblem(id: string, clients: string | null): string;
  passwordOf(id: string): Promise<string>;
  portOf(id: string): number;
  /**
   * @param clients runtime with the client programs; null: the server's own tree
   * Rejects with UNAVAILABLE when it does not run, and as an install of the client programs does.
   */
  access(id: string, signal: AbortSignal, clients?: string | null): Promise<EngineAccess>;
  /** Fetches the client programs where they are not there. */
  ensureClients(id: string, clients: string | null, signal: AbortSignal): Promise<void>;
  /** Whether `access` needs no network. */
  hasClients(id: string, clients: string | null): boolean;
  readonly run: RunClient;
  /** Takes passwords out of what a program said. */
  mask(text: string): string;
}

export function createEngineAccess(options: {
  readonly system: System;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  readonly secrets: Secrets;
}): EngineAccessor {
  const { system, runtimes, supervisor, secrets } = options;

  const engineOf: EngineAccessor['engineOf'] = (id) => {
    const { runtime } = supervisor.state(id);
    const engine = ENGINES.find((candidate) => candidate.runtime === runtime);
    if (engine !== undefined) return engine;
    throw new KojiboxError('NOT_FOUND', `${id} has no databases`, { source: 'databases' });
  };

  const passwordOf = async (id: string): Promise<string> =>
    (await secrets.get({ key: `${id}-password`, scope: 'service' })) ?? '';
  const portOf = (id: string): number => supervisor.state(id).ports[0]?.port ?? 0;

  const chooseFor = (id: string, clients: string): ClientChoice => {
    const known = runtimes.list(new Map()).filter(({ name }) => name === clients);
    return chooseClients(
      known.map(({ series, installed }) => ({ series, isInstalled: installed !== null })),
      supervisor.state(id).version ?? '',
    );
  };
  const nameClients = (id: string, clients: string | null): { name: string; version: string | undefined } => {
    const { runtime, version } = supervisor.state(id);
    if (clients === null) return { name: runtime ?? '', version: version ?? undefined };
    return { name: clients, version: chooseFor(id, clients).series };
  };
  const clientsOf = (id: string, clients: string | null, signal: AbortSignal): Promise<InstalledRuntime> => {
    const { name, version } = nameClients(id, clients);
    return runtimes.ensure(name, version, UNSEEN, signal);
  };

  return {
    engineOf,
    dumpProblem(id, clients) {
      if (clients === null || chooseFor(id, clients).canDump) return '';
      const { series } = chooseFor(id, clients);
      const { name, version } = supervisor.state(id);
      return `no pg_dump for ${name} ${version ?? ''} can be had for this system: the newest is ${series ?? 'none'}, and it refuses servers that are newer`;
    },
    passwordOf,
    portOf,

    async access(id, signal, clients) {
      const state = supervisor.state(id);
      if (state.state !== 'running')
        throw new KojiboxError('UNAVAILABLE', `cannot reach ${state.name}`, {
          detail: 'it does not run',
          source: 'databases',
          remedy: `Start it with: koji start ${id}`,
        });
      const installed = await clientsOf(id, clients === undefined ? engineOf(id).clients : clients, signal);
      return {
        port: portOf(id),
        user: ENGINES.find(({ runtime }) => runtime === state.runtime)?.user ?? '',
        password: await passwordOf(id),
        tree: runtimes.treePath(installed),
        series: installed.series,
        serverVersion: state.version ?? '',
      };
    },

    async ensureClients(id, clients, signal) {
      await clientsOf(id, clients, signal);
    },
    hasClients(id, clients) {
      const { name, version } = nameClients(id, clients);
      return runtimes.installed(name, version) !== null;
    },

    mask: (text) => secrets.mask(text),

    async run(client, what, signal, timeoutMs) {
      const { command, args, env, input } = client;
      const result = await system.processes.run(command, args, {
        env,
        signal,
        cwd: '/',
        ...userOf(system.host, client),
        ...(input === undefined ? {} : { input }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      signal.throwIfAborted();
      if (result.exitCode === 0) return result.stdout;
      const output = reasonIn(result.stderr || result.stdout);
      throw new KojiboxError('DATABASE_FAILED', what, {
        detail: secrets.mask(output).slice(0, 600),
        source: 'databases',
      });
    },
  };
}
