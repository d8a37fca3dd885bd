/**
 * MySQL and MariaDB into MariaDB, by mariadb-dump in three parts: tables, views and routines; rows; triggers and events. Only the first and the
 * last are text that is changed, see mysql-schema.ts, and no trigger fires while rows come. A half-made database has a comment as its mark.
 * https://mariadb.com/kb/en/mariadb-dump/
 */
import { join } from 'node:path';
import type { ClientCommand, EngineAccess } from '../engine.ts';
import { mariadbEngine } from '../mariadb-engine.ts';
import { createDumpProgress } from './dump-progress.ts';
import type { Row, ServerAddress, ServerSession } from './foreign-server.ts';
import {
  assertSame,
  batches,
  copyFailed,
  pipeFailed,
  rowsOf,
  withSession,
  type CopyWork,
  type Counts,
  type FoundDatabase,
  type ServerImporter,
} from './importer.ts';
import { fitSchema, nearestCollation } from './mysql-schema.ts';

const MARK = /^kojibox import ([0-9a-f]{6})$/;
const TABLES_AT_ONCE = 40;
const HIDDEN = `('information_schema', 'mysql', 'performance_schema', 'sys')`;
/** What has rows of its own. */
const TABLE_TYPES = `('BASE TABLE', 'SYSTEM VERSIONED')`;

export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
/** For any SQL mode: as hexadecimal. */
const text = (value: string): string =>
  value === '' ? `''` : `convert(x'${Buffer.from(value, 'utf8').toString('hex')}' using utf8mb4)`;

const SERVER = `select version() as version, @@version_comment as comment, @@lower_case_table_names as folding`;
const DATABASES = `select s.schema_name as name, s.default_character_set_name as charset, s.default_collation_name as collation,
  coalesce(sum(t.data_length), 0) as bytes, count(t.table_name) as tables,
  group_concat(distinct t.engine separator '\\n') as engines, sum(t.table_type = 'SYSTEM VERSIONED') as versioned
from information_schema.schemata s
left join information_schema.tables t on t.table_schema = s.schema_name and t.table_type in ${TABLE_TYPES}
where s.schema_name not in ${HIDDEN} group by 1, 2, 3 order by 1`;
const collationsOf = (name: string): string => `select distinct c as name from (
  select table_collation as c from information_schema.tables where table_schema = ${text(name)}
  union select collation_name from information_schema.columns where table_schema = ${text(name)}
  union select database_collation from information_schema.routines where routine_schema = ${text(name)}) x where c is not null`;
/** MySQL alone has the column EXPRESSION, since 8.0.13. */
const HAS_EXPRESSIONS = `select 1 from information_schema.columns where table_schema = 'information_schema' and table_name = 'STATISTICS' and column_name = 'EXPRESSION'`;
const functionalIndexesOf = (name: string): string => `select distinct concat(table_name, '.', index_name) as name
from information_schema.statistics where table_schema = ${text(name)} and expression is not null`;
const definersOf = (name: string): string => `select distinct d as name from (
  select definer as d from information_schema.views where table_schema = ${text(name)}
  union select definer from information_schema.routines where routine_schema = ${text(name)}
  union select definer from information_schema.triggers where trigger_schema = ${text(name)}
  union select definer from information_schema.events where event_schema = ${text(name)}) x`;
const eventsOf = (name: string): string =>
  `select event_name as name from information_schema.events where event_schema = ${text(name)} and status = 'ENABLED'`;
/** MariaDB names the newer ones without their character set in one column alone. */
const KNOWN_COLLATIONS = `select full_collation_name as name from information_schema.collation_character_set_applicability`;
const ENGINES = `select engine as name from information_schema.engines where support in ('YES', 'DEFAULT')`;
const tablesOf = (name: string): string =>
  `select table_name as name, coalesce(data_length, 0) as bytes from information_schema.tables where table_schema = ${text(name)} and table_type in ${TABLE_TYPES} order by 1`;
const objectsOf = (name: string): string =>
  `select
  (select count(*) from information_schema.tables where table_schema = ${text(name)} and table_type like '%VIEW') as views,
  (select count(*) from information_schema.routines where routine_schema = ${text(name)}) as routines,
  (select count(*) from information_schema.triggers where trigger_schema = ${text(name)}) as triggers,
  (select count(*) from information_schema.events where event_schema = ${text(name)}) as events,
  (select count(*) from information_schema.table_constraints where table_schema = ${text(name)} and constraint_type = 'FOREIGN KEY') as "foreign keys"`.replaceAll(
    '"',
    '`',
  );

const namesOf = (rows: readonly Row[]): string[] => rows.map(({ name }) => name ?? '').filter((name) => name !== '');
const seriesOf = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

const look: ServerImporter['look'] = async ({ foreign, source, target, signal }) => {
  const here =
    target === null
      ? null
      : await withSession(foreign, target.address, '', signal, async (session) => ({
          collations: new Set(namesOf(await session.query(KNOWN_COLLATIONS))),
          engines: new Set(namesOf(await session.query(ENGINES)).map((name) => name.toLowerCase())),
          folding: (await session.query(SERVER))[0]?.['folding'],
        }));
  return withSession(foreign, source, '', signal, async (session) => {
    const server = (await session.query(SERVER))[0];
    const version = server?.['version'] ?? '';
    const isMariadb = /mariadb/i.test(`${version} ${server?.['comment'] ?? ''}`);
    // Older ones say "5.5.5-10.4.1-MariaDB": https://mariadb.com/kb/en/version/
    const plain = /\d+\.\d+\.\d+/.exec(isMariadb ? version.replace(/^5\.5\.5-/, '') : version)?.[0] ?? version;
    const hasExpressions = (await session.query(HAS_EXPRESSIONS)).length > 0;
    const databases: FoundDatabase[] = [];
    for (const row of await session.query(DATABASES)) {
      const name = row['name'] ?? '';
      const problems: string[] = [];
      const remarks: string[] = [];
      if (here !== null) {
        for (const collation of namesOf(await session.query(collationsOf(name)))) {
          if (here.collations.has(collation)) continue;
          const nearest = nearestCollation(collation);
          if (nearest !== null && here.collations.has(nearest)) remarks.push(`${collation} becomes ${nearest}`);
          else
            problems.push(
              `It uses the collation ${collation}, which the MariaDB here does not know. Change it there: alter table … convert to character set utf8mb4`,
            );
        }
        const engines = (row['engines'] ?? '')
          .split('\n')
          .filter((one) => one !== '' && !here.engines.has(one.toLowerCase()));
        if (engines.length > 0)
          problems.push(
            `Its tables need the storage engine ${engines.join(', ')}, which the MariaDB here does not have. Change it there: alter table … engine=InnoDB`,
          );
        if (server?.['folding'] !== here.folding && here.folding === '0')
          remarks.push('names of tables are told apart by capitals here, and were not there');
      }
      if (hasExpressions) {
        const functional = namesOf(await session.query(functionalIndexesOf(name)));
        if (functional.length > 0)
          problems.push(
            `MariaDB has no indexes on expressions: ${functional.join(', ')}. Drop them there, or index a generated column.`,
          );
      }
      if ((row['engines'] ?? '').split('\n').some((engine) => !['', 'InnoDB'].includes(engine)))
        remarks.push('tables that are not InnoDB are only the same in themselves if nothing writes to them meanwhile');
      if (Number(row['versioned'] ?? 0) > 0) remarks.push('the history of system-versioned tables stays behind');
      const rights = new Set(namesOf(await session.query(rightsOn(name))));
      const unseen = HIDDEN_WITHOUT.filter(({ anyOf }) => !anyOf.some((right) => rights.has(right)));
      if (unseen.length > 0)
        remarks.push(
          `${source.user} may not see ${unseen.map(({ what }) => what).join(', ')}: if it has any, they stay behind. Granting ${unseen.map(({ anyOf }) => anyOf[0]?.toLowerCase()).join(', ')} to that user helps`,
        );
      const definers = namesOf(await session.query(definersOf(name))).filter((one) => !one.startsWith('kojibox@'));
      if (definers.length > 0) remarks.push(`what ran as ${definers.join(', ')} runs as kojibox here`);
      const events = namesOf(await session.query(eventsOf(name)));
      if (events.length > 0)
        remarks.push(`events (${events.join(', ')}) run once the event scheduler is on, which it is not here`);
      if (isMariadb && target !== null && seriesOf(plain) > seriesOf(target.version))
        remarks.push(
          `MariaDB ${plain} is newer than the one here: what only the newer knows makes the import fail, and nothing is left of it then`,
        );
      databases.push({
        name,
        sizeBytes: Number(row['bytes'] ?? 0),
        tables: Number(row['tables'] ?? 0),
        collation: row['collation'] ?? '',
        problems,
        remarks,
        facts: row,
      });
    }
    return { product: isMariadb ? 'MariaDB' : 'MySQL', version: plain, problems: [], databases };
  });
};

/** Of the account and its roles, for everything or for this database, whose name may be a pattern there. */
const rightsOn = (
  name: string,
): string => `select distinct privilege_type as name from information_schema.user_privileges
  union select privilege_type from information_schema.schema_privileges where ${text(name)} like table_schema`;
/** Without one of these rights a server does not even say that there is something. */
const HIDDEN_WITHOUT: readonly { readonly what: string; readonly anyOf: readonly string[] }[] = [
  { what: 'triggers', anyOf: ['TRIGGER'] },
  { what: 'events', anyOf: ['EVENT'] },
  { what: 'routines', anyOf: ['EXECUTE', 'SHOW_ROUTINE', 'SHOW CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE ROUTINE'] },
];

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

/** Reads one part as text, fits it and runs it. */
async function transferText(
  { system, access, source, signal }: CopyWork,
  name: string,
  dump: ClientCommand,
  working: string,
  isKnown: (collation: string) => boolean,
): Promise<void> {
  const run = async ({ command, args, env }: ClientCommand, input?: string): Promise<string> => {
    const result = await system.processes.run(command, args, {
      env,
      cwd: '/',
      signal,
      ...(input === undefined ? {} : { input }),
    });
    signal.throwIfAborted();
    if (result.exitCode !== 0)
      throw pipeFailed(name, { side: input === undefined ? 'from' : 'to', output: result.stderr }, source.password);
    return result.stdout;
  };
  await run(mariadbEngine.restore(access, working), fitSchema(await run(dump), isKnown));
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

const transfer: ServerImporter['transfer'] = async (work, { database: { name }, working }, task) => {
  const { foreign, source, target, access, signal } = work;
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
    const failure = await foreign.pipe(
      dump('--no-create-info', '--skip-triggers', '--hex-blob'),
      mariadbEngine.restore(access, working),
      {
        signal,
        through(piece) {
          const before = progress.tables;
          progress.feed(piece);
          if (progress.tables !== before) task.step('copy', `${progress.table} (${progress.tables}/${tables.length})`);
          task.bytes(progress.done, progress.total);
          return piece;
        },
      },
    );
    if (failure !== null) throw pipeFailed(name, failure, source.password);
    await transferText(work, name, dump('--no-create-info', '--no-data', '--triggers', ...events), working, isKnown);

    task.step('check');
    task.bytes(progress.total, progress.total);
    const [there, objects] = [await countRows(session, name, signal), await countObjects(session, name)];
    await session.query('rollback');
    await withSession(foreign, target.address, '', signal, async (own) => {
      const here = await countRows(own, working, signal);
      // Before a difference is called a loss: who wrote to it meanwhile?
      const now = await countRows(session, name, signal);
      const moved = [...now].filter(
        ([table, rows]) => there.get(table) !== rows && here.get(table) !== there.get(table),
      );
      if (moved.length > 0)
        throw copyFailed(
          name,
          `it was written to while it was copied: ${moved.map(([table]) => table).join(', ')}`,
          'Stop what writes to it, and take it over again.',
        );
      const cure = 'Nothing wrote to that server meanwhile: please report this.';
      assertSame(name, there, here, cure);
      assertSame(name, objects, await countObjects(own, working), cure);
    });
    return { tables: there.size, rows: rowsOf(there), remarks: [] };
  });
};

export const mysqlImport: ServerImporter = {
  runtime: 'mariadb',
  look,
  takenNames: async (target) =>
    new Set(namesOf(await target.query('select schema_name as name from information_schema.schemata'))),
  // It has no way to rename a database.
  workingName: ({ final }) => final,

  async create(target, { database: { facts }, importId, working }) {
    const known = new Set(namesOf(await target.query(KNOWN_COLLATIONS)));
    const collation = facts['collation'] ?? '';
    const wanted = known.has(collation) ? collation : (nearestCollation(collation) ?? '');
    const order = known.has(wanted) && /^\w+$/.test(wanted) ? ` collate ${wanted}` : '';
    await target.query(`create database ${quoteName(working)}${order} comment 'kojibox import ${importId}'`);
    return order === '' ? [`new tables have the order of this server, not ${collation}`] : [];
  },
  transfer,
  publish: async (target, { working }) => {
    await target.query(`alter database ${quoteName(working)} comment ''`);
  },
  drop: async (target, name) => {
    await target.query(`drop database if exists ${quoteName(name)}`);
  },
  async marked(target) {
    const rows = await target.query(
      `select schema_name as name, schema_comment as mark from information_schema.schemata where schema_comment like 'kojibox import %'`,
    );
    return rows
      .map(({ name, mark }) => ({ name: name ?? '', importId: MARK.exec(mark ?? '')?.[1] ?? '' }))
      .filter(({ importId }) => importId !== '');
  },
};
