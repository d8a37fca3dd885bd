/**
 * One database by mariadb-dump in three parts: tables, views and routines; rows; triggers and events. Only the first and the last are text that is
 * changed, see mysql-schema.ts, and no trigger fires while rows come. Then both sides are counted.
 * https://mariadb.com/kb/en/mariadb-dump/
 */
import { join } from 'node:path';
import type { FileOwner } from '../../system/files.ts';
import { userOf } from '../client-programs.ts';
import type { ClientCommand, EngineAccess } from '../engine.ts';
import { mariadbEngine } from '../mariadb-engine.ts';
import { createDumpProgress } from './dump-progress.ts';
import type { ServerAddress, ServerSession } from './foreign-server.ts';
import {
  assertSame,
  batches,
  copyFailed,
  pipeFailed,
  rowsOf,
  withSession,
  type CopyWork,
  type Counts,
  type ServerImporter,
} from './importer.ts';
import { KNOWN_COLLATIONS, namesOf, objectsOf, quoteName, rightsOn, tablesOf } from './mysql-catalog.ts';
import { fitSchema } from './mysql-schema.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

const TABLES_AT_ONCE = 40;

/** Where the plugins for logins lie that MySQL 8 and later want; by itself the program looks where Debian would have put them. */
const pluginFolder = (tree: string): string => join(tree, 'usr/lib/x86_64-linux-gnu/libmariadb3/plugin');

function dumpCommand(
  { tree }: EngineAccess,
  { host, port, socket, user, password }: ServerAddress,
  encrypted: boolean,
  args: readonly string[],
): ClientCommand {
  return {
    command: join(tree, 'usr/bin/mariadb-dump'),
    args: [
      '--no-defaults',
      `--plugin-dir=${pluginFolder(tree)}`,
      '--default-character-set=utf8mb4',
      ...(socket === null ? ['--protocol=tcp', `--host=${host}`, `--port=${port}`] : [`--socket=${socket}`]),
      `--user=${user}`,
      // Without a name to hold it to, the certificate says nothing.
      ...(encrypted ? ['--ssl', '--skip-ssl-verify-server-cert'] : ['--skip-ssl']),
      '--single-transaction',
      '--no-tablespaces',
      '--skip-add-locks',
      '--max-allowed-packet=1G',
      ...args,
    ],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', MYSQL_PWD: password },
  };
}

/** A socket may let in the daemon's own user alone; over the network the user of the services is enough. */
const userOfSource = (
  { system, source }: Pick<CopyWork, 'system' | 'source'>,
  dump: ClientCommand,
): { user?: FileOwner } => (source.socket === null ? userOf(system.host, dump) : {});

/** Reads one part as text, fits it and runs it. */
async function transferText(
  work: CopyWork,
  name: string,
  dump: ClientCommand,
  working: string,
  isKnown: (collation: string) => boolean,
): Promise<void> {
  const { system, loader, source, signal } = work;
  const run = async (client: ClientCommand, input?: string): Promise<string> => {
    const { command, args, env } = client;
    const result = await system.processes.run(command, args, {
      env,
      cwd: '/',
      signal,
      ...(input === undefined ? userOfSource(work, client) : userOf(system.host, client)),
      ...(input === undefined ? {} : { input }),
    });
    signal.throwIfAborted();
    if (result.exitCode !== 0)
      throw pipeFailed(name, { side: input === undefined ? 'from' : 'to', output: result.stderr }, source.password);
    return result.stdout;
  };
  await run(mariadbEngine.restore(loader, working, false), fitSchema(await run(dump), isKnown));
}

async function countRows(session: ServerSession, name: string, signal: AbortSignal): Promise<Counts> {
  const counts = new Map<string, number>();
  for (const batch of batches(namesOf(await session.query(tablesOf(name))), TABLES_AT_ONCE)) {
    signal.throwIfAborted();
    const sql = batch.map(
      (table, place) => `select ${place} as place, count(*) as c from ${quoteName(name)}.${quoteName(table)}`,
    );
    for (const { place, c } of await session.query(sql.join(' union all ')))
      counts.set(batch[Number(place)] ?? '', Number(c));
  }
  return counts;
}
const countObjects = async (session: ServerSession, name: string): Promise<Counts> =>
  new Map(
    Object.entries((await session.query(objectsOf(name)))[0] ?? {}).map(([kind, count]) => [kind, Number(count)]),
  );

export const transferMysql: ServerImporter['transfer'] = async (work, { database: { name }, working }, task) => {
  const { foreign, source, target, access, loader, signal } = work;
  const known = await withSession(
    foreign,
    target.address,
    '',
    signal,
    async (own) => new Set(namesOf(await own.query(KNOWN_COLLATIONS))),
  );
  const isKnown = (collation: string): boolean => known.has(collation);
  return withSession(foreign, source, '', signal, async (session) => {
    const tables = await session.query(tablesOf(name));
    const progress = createDumpProgress(
      'mysql',
      new Map(tables.map(({ name: table, bytes }) => [quoteName(table ?? ''), Number(bytes)])),
    );
    const dump = (...args: string[]): ClientCommand =>
      dumpCommand(access, source, session.encrypted, [...args, '--', name]);
    task.step('create');
    await transferText(work, name, dump('--no-data', '--skip-triggers', '--routines'), working, isKnown);
    const mayEvents = namesOf(await session.query(rightsOn(name))).includes('EVENT');
    const events = mayEvents ? ['--events'] : [];
    // What the rows are compared with: a look at the moment in which their dump begins.
    await session.query('set session transaction isolation level repeatable read');
    await session.query('start transaction with consistent snapshot, read only');
    task.step('copy');
    const rows = dump('--no-create-info', '--skip-triggers', '--hex-blob');
    const reader = mariadbEngine.restore(loader, working, false);
    const failure = await foreign.pipe(rows, reader, {
      signal,
      fromUser: userOfSource(work, rows).user,
      toUser: userOf(work.system.host, reader).user,
      through(piece) {
        const before = progress.tables;
        progress.feed(piece);
        if (progress.tables !== before) task.step('copy', `${progress.table} (${progress.tables}/${tables.length})`);
        task.bytes(progress.done, progress.total);
        return piece;
      },
    });
    if (failure !== null) throw pipeFailed(name, failure, source.password);
    await transferText(work, name, dump('--no-create-info', '--no-data', '--triggers', ...events), working, isKnown);

    task.step('check');
    task.bytes(progress.total, progress.total);
    const [there, objects] = [await countRows(session, name, signal), await countObjects(session, name)];
    await session.query('rollback');
    await withSession(foreign, target.address, '', signal, async (own) => {
      const here = await countRows(own, working, signal);
      // Before a difference is called a loss: who wrote to it in the meantime?
      const now = await countRows(session, name, signal);
      const moved = [...now].filter(
        ([table, rows]) => there.get(table) !== rows && here.get(table) !== there.get(table),
      );
      if (moved.length > 0)
        throw copyFailed(
          name,
          sayServerImport('writtenMeanwhile', { tables: moved.map(([table]) => table).join(', ') }),
          sayServerImport('stopWriting'),
        );
      const cure = sayServerImport('reportUnwritten');
      assertSame(name, there, here, cure);
      assertSame(name, objects, await countObjects(own, working), cure);
    });
    return { tables: there.size, rows: rowsOf(there), remarks: [] };
  });
};
