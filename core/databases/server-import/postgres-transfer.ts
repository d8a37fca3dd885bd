/**
 * One database by pg_dump of one snapshot into psql. The snapshot is the one in which the rows are counted, so that a source which is written to
 * in the meantime makes no difference. https://www.postgresql.org/docs/current/app-pgdump.html,
 * https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
 */
import { dirname } from 'node:path';
import type { ClientCommand, EngineAccess } from '../engine.ts';
import { userOf } from '../client-programs.ts';
import { createDumpLines } from '../dump-lines.ts';
import { postgresClient, postgresScript } from '../postgres-engine.ts';
import { editPostgres } from '../postgres-lines.ts';
import { createDumpProgress } from './dump-progress.ts';
import type { ServerAddress, ServerSession } from './foreign-server.ts';
import { assertSame, batches, pipeFailed, rowsOf, withSession, type Counts, type ServerImporter } from './importer.ts';
import { quote } from '../postgres-names.ts';
import { isPlainSetting } from './postgres-settings.ts';
import { countRows, FORCED_POLICIES, OBJECTS, SETTINGS, TABLES, type TableName } from './postgres-catalog.ts';
import type { Sentence } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

const TABLES_AT_ONCE = 40;

function sourceClient(
  access: EngineAccess,
  { host, port, socket, user, password }: ServerAddress,
  database: string,
  args: readonly string[],
): ClientCommand {
  const command = postgresClient(access, 'pg_dump', database, args);
  return {
    ...command,
    env: {
      ...command.env,
      PGHOST: socket === null ? host : dirname(socket),
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      // Only what was given here is used, nobody's file.
      PGPASSFILE: '/dev/null',
    },
  };
}

async function countAll(session: ServerSession, signal: AbortSignal): Promise<Counts> {
  const tables = (await session.query(TABLES)) as unknown as TableName[];
  const counts = new Map<string, number>();
  for (const batch of batches(tables, TABLES_AT_ONCE)) {
    signal.throwIfAborted();
    for (const { place, rows } of await session.query(countRows(batch))) {
      const table = batch[Number(place)];
      if (table !== undefined) counts.set(`${table.schema}.${table.name}`, Number(rows));
    }
  }
  return counts;
}
/** Policies that bind the owner of a table too hide rows of it; they are suspended for the count, in a transaction that is undone. */
async function countHere(own: ServerSession, signal: AbortSignal): Promise<Counts> {
  await own.query('begin');
  for (const { quoted } of await own.query(FORCED_POLICIES))
    await own.query(`alter table ${quoted ?? ''} no force row level security`);
  const counts = await countAll(own, signal);
  await own.query('rollback');
  return counts;
}
const countObjects = async (session: ServerSession): Promise<Counts> =>
  new Map(Object.entries((await session.query(OBJECTS))[0] ?? {}).map(([kind, count]) => [kind, Number(count)]));

export const transferPostgres: ServerImporter['transfer'] = async (work, passage, task) => {
  const { foreign, source, target, access, loader, signal } = work;
  const { name } = passage.database;
  return withSession(foreign, source, name, signal, async (session) => {
    await session.query('begin transaction isolation level repeatable read read only');
    const snapshot = (await session.query('select pg_export_snapshot() as id'))[0]?.['id'] ?? '';
    const tables = await session.query(TABLES);
    const progress = createDumpProgress(
      'postgres',
      new Map(tables.map(({ quoted, bytes }) => [quoted ?? '', Number(bytes)])),
    );
    const dump = sourceClient(access, source, name, [
      ...['--no-owner', '--no-privileges', '--no-publications', '--no-subscriptions', '--no-tablespaces'],
      ...['--no-security-labels', '--encoding=UTF8', `--snapshot=${snapshot}`],
    ]);
    const load = postgresScript(loader, passage.working);
    const edit = editPostgres(loader);
    const skipped = new Set<string>();
    const lines = createDumpLines((line) => edit(line, (statement) => skipped.add(statement)));
    task.step('copy');
    const failure = await foreign.pipe(dump, load, {
      signal,
      // A socket may let in the daemon's own user alone; over the network the user of the services is enough.
      fromUser: source.socket === null ? userOf(work.system.host, dump).user : undefined,
      toUser: userOf(work.system.host, load).user,
      through(piece) {
        const before = progress.tables;
        progress.feed(piece);
        if (progress.tables !== before) task.step('copy', `${progress.table} (${progress.tables}/${tables.length})`);
        task.bytes(progress.done, progress.total);
        return lines.through(piece);
      },
    });
    if (failure !== null) throw pipeFailed(name, failure, source.password);

    task.step('check');
    task.bytes(progress.total, progress.total);
    const [there, objectsThere] = [await countAll(session, signal), await countObjects(session)];
    const settings = await session.query(SETTINGS);
    const cure = sayServerImport('reportSnapshot');
    const remarks: Sentence[] =
      skipped.size === 0 ? [] : [sayServerImport('leftOut', { statements: [...skipped].join(', ') })];
    // The account that read it: a query runs functions of its tables' indexes.
    const reader = { ...target.address, user: loader.user, password: loader.password };
    await withSession(foreign, reader, passage.working, signal, async (own) => {
      assertSame(name, there, await countHere(own, signal), cure);
      assertSame(name, objectsThere, await countObjects(own), cure);
    });
    await withSession(foreign, target.address, 'postgres', signal, async (own) => {
      for (const setting of settings.map((row) => row['setting'] ?? ''))
        if (isPlainSetting(setting))
          await own
            .query(`alter database ${quote(passage.working)} ${setting}`)
            .catch(() => remarks.push(sayServerImport('unknownSetting', { setting })));
        else remarks.push(sayServerImport('settingStays', { setting }));
    });
    return { tables: there.size, rows: rowsOf(there), remarks };
  });
};
