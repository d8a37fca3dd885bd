/** A home with databases of its own beside foreign servers, and the calls that take databases over. */
import { createDatabasesWorld, ended, type DatabasesWorld } from './databases-world.ts';
import type { Change } from '../../contract/changes.ts';
import type { Engine } from '../../contract/databases.ts';
import type { ForeignDatabase, ServerImportRecord, ServerReport } from '../../contract/server-import.ts';
import { fillMariadb, fillPostgres } from './foreign-content.ts';
import { createForeignServers, OWNER, PASSWORD, type ForeignServer, type ForeignServers } from './foreign-servers.ts';
import { takePrepared } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  readonly remedy?: string;
}

export interface ServerImportWorld {
  readonly world: StackWorld;
  readonly own: DatabasesWorld;
  readonly foreign: ForeignServers;
  readonly pg16: ForeignServer;
  readonly maria: ForeignServer;
  ask<T>(method: string, params: object): Promise<T>;
  inspect(server: ForeignServer, more?: object): Promise<ServerReport>;
  take(server: ForeignServer, names: readonly string[], more?: object): Promise<Change>;
  /** As `take`, to its end. */
  taken(server: ForeignServer, names: readonly string[], more?: object): Promise<Change>;
  /** Without the one that the first page of a fresh home makes. */
  names(engine: string): Promise<string[]>;
  records(): Promise<ServerImportRecord[]>;
  remove(): Promise<void>;
}

/** @returns the error of work that has to fail */
export const refused = (work: Promise<unknown>): Promise<Refusal> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as Refusal,
  );

export const find = ({ databases }: ServerReport, name: string): ForeignDatabase => {
  const found = databases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} is none of ${databases.map((one) => one.name).join(', ')}`);
  return found;
};

export async function createServerImportWorld(): Promise<ServerImportWorld> {
  const world = createStackWorld();
  const foreign = createForeignServers(world);
  takePrepared(world.home);
  // PHP and Redis are not needed for this.
  await world.koji('setup', '--services', 'postgres,mariadb', '--yes', '--json');
  await world.koji('runtime', 'install', 'postgres', '16', '--json');
  const own = createDatabasesWorld(world);
  const [pg16, maria] = await Promise.all([foreign.postgres('16'), foreign.mariadb('10.11')]);
  await Promise.all([fillPostgres(pg16), fillMariadb(maria)]);

  const login = (server: ForeignServer): object => ({
    kind: server === maria ? 'mysql' : 'postgres',
    port: server.port,
    user: OWNER,
    password: PASSWORD,
  });
  async function ask<T>(method: string, params: object): Promise<T> {
    const { body } = await world.rpc(JSON.stringify({ method, params }));
    if (body.error !== undefined) throw Object.assign(new Error(body.error.message), body.error);
    return body.result as T;
  }
  const take: ServerImportWorld['take'] = (server, names, more = {}) =>
    ask('serverImport.start', { ...login(server), databases: names.map((name) => ({ name })), ...more });

  return {
    world,
    own,
    foreign,
    pg16,
    maria,
    ask,
    inspect: (server, more = {}) => ask('serverImport.inspect', { ...login(server), ...more }),
    take,
    taken: async (...args) => ended(world, (await take(...args)).id),
    async names(engine) {
      const found = (await ask<Engine[]>('databases.list', {})).find(({ id }) => id === engine)?.databases ?? [];
      return found
        .map(({ name }) => name)
        .filter((name) => name !== 'hello')
        .sort();
    },
    records: () => ask('serverImport.list', {}),
    async remove() {
      await foreign.remove();
      world.remove();
    },
  };
}
