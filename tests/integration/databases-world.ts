/** The databases of a stack, asked by the drivers that projects use. */
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import type { Change } from '../../contract/changes.ts';
import type { ServiceState } from '../../contract/services.ts';
import type { Snapshot } from '../../contract/snapshots.ts';
import type { StackWorld } from './stack-world.ts';

type Row = Record<string, unknown>;

export interface DatabasesWorld {
  postgres(sql: string, database?: string): Promise<Row[]>;
  mariadb(sql: string): Promise<Row[]>;
  /** Through the API, to its end; rejects with the error of the change. */
  run(method: string, params: unknown): Promise<Change>;
  snapshots(): Promise<Snapshot[]>;
  /** Takes one and returns its id. */
  take(engine: string, name: string, how?: 'copy' | 'dump'): Promise<string>;
}

export function createDatabasesWorld(world: StackWorld): DatabasesWorld {
  const ask = async <T>(method: string, params: unknown = {}): Promise<T> => {
    const { body } = await world.rpc(JSON.stringify({ method, params }));
    if (body.error !== undefined) throw Object.assign(new Error(body.error.message), body.error);
    return body.result as T;
  };
  interface Login {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
  }
  const logins = new Map<string, Login>();
  const login = async (engine: string): Promise<Login> => {
    const known = logins.get(engine);
    if (known !== undefined) return known;
    const state = (await ask<ServiceState[]>('services.list')).find(({ id }) => id === engine);
    const password = await ask<string>('secrets.get', { key: `${engine}-password`, scope: 'service' });
    const made = { host: '127.0.0.1', port: state?.ports[0]?.port ?? 0, user: 'kojibox', password };
    logins.set(engine, made);
    return made;
  };
  const snapshots: DatabasesWorld['snapshots'] = async () =>
    (await ask<{ snapshots: Snapshot[] }>('databases.snapshots')).snapshots;

  const run: DatabasesWorld['run'] = async (method, params) => ended(world, (await ask<Change>(method, params)).id);

  return {
    async postgres(sql, database = 'postgres') {
      const client = new Client({ ...(await login('postgres')), database });
      await client.connect();
      try {
        return (await client.query<Row>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    async mariadb(sql) {
      const connection = await createConnection(await login('mariadb'));
      try {
        const rows: unknown = await connection.query(sql);
        return Array.isArray(rows) ? (rows as Row[]) : [];
      } finally {
        await connection.end();
      }
    },
    run,
    snapshots,
    async take(engine, name, how) {
      const before = new Set((await snapshots()).map(({ id }) => id));
      await run('databases.snapshot', { engine, name, ...(how === undefined ? {} : { how }) });
      const made = (await snapshots()).find(({ id }) => !before.has(id));
      if (made === undefined) throw new Error('no snapshot was listed');
      return made.id;
    },
  };
}

/** Waits for the end of a change; rejects with its error. */
export async function ended(world: StackWorld, id: string): Promise<Change> {
  for (;;) {
    const { body } = await world.rpc(JSON.stringify({ method: 'changes.get', params: { id } }));
    const change = body.result as Change;
    if (change.status === 'done') return change;
    if (change.status !== 'running')
      throw Object.assign(new Error(change.error?.message ?? change.status), change.error ?? {});
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
