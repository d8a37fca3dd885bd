/** The databases of a stack, as the code of a project reaches them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import type { StackWorld } from './stack-world.ts';

/** Variables of the environment. */
export type ProjectLogin = Readonly<Record<string, string>>;

/** What a project's code has, by which it logs in. */
export async function loginOfProject(world: StackWorld, id: string, setting: string): Promise<ProjectLogin> {
  const path = join(world.root, id);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'index.html'), 'x');
  await world.call('config.setProject', {
    id,
    name: id,
    path,
    domain: `${id}.test`,
    stack: 'static',
    overrides: { DATABASE: setting },
  });
  return (await world.call<{ env: Record<string, string> }>('programs.execution', { project: id })).env;
}
export const asProject = async (env: ProjectLogin, sql: string, database?: string): Promise<unknown[]> => {
  const client = new Client({
    host: env['PGHOST'] ?? '',
    port: Number(env['PGPORT']),
    user: env['PGUSER'] ?? '',
    password: env['PGPASSWORD'] ?? '',
    database: database ?? env['PGDATABASE'] ?? '',
  });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};
export const asProjectIn = async (env: ProjectLogin, sql: string): Promise<unknown[]> => {
  const connection = await createConnection({
    host: env['MARIADB_HOST'] ?? '',
    port: Number(env['MARIADB_PORT']),
    user: env['MARIADB_USER'] ?? '',
    password: env['MARIADB_PASSWORD'] ?? '',
    database: env['MARIADB_DATABASE'] ?? '',
  });
  try {
    const rows: unknown = await connection.query(sql);
    return Array.isArray(rows) ? (rows as unknown[]) : [];
  } finally {
    await connection.end();
  }
};
