/** A look into a PostgreSQL server: what it has, and what the one here would make of it. Only read. */
import type { Row, ServerSession } from './foreign-server.ts';
import { withSession, type FoundDatabase, type LookWork, type ServerImporter } from './importer.ts';
import { AVAILABLE_EXTENSIONS, CONTENT, DATABASES, majorOf, namesOf, ROLES, SERVER } from './postgres-catalog.ts';
import type { Sentence } from '../../../contract/sentences/sentence.ts';
import { OF_ADMINISTRATORS } from '../postgres-lines.ts';
import { quote } from '../postgres-names.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

/** Databases that are nearly always there, to begin with. */
const FIRST_DATABASES = ['postgres', 'template1'] as const;

const listOf = (text: string | null | undefined, separator = '\n'): string[] => (text ? text.split(separator) : []);

async function withAnyDatabase<T>(
  { foreign, source, signal }: Pick<LookWork, 'foreign' | 'source' | 'signal'>,
  work: (session: ServerSession) => Promise<T>,
): Promise<T> {
  const open = async ([name, ...others]: readonly string[]): Promise<ServerSession> =>
    foreign.connect(source, name ?? source.user, signal).catch((error: { code?: string }) => {
      // There is none of this name, or not for this user.
      if (error.code !== 'DATABASE_FAILED' || others.length === 0) throw error;
      return open(others);
    });
  const session = await open([...FIRST_DATABASES, source.user]);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export const lookPostgres: ServerImporter['look'] = async (work) => {
  const { foreign, target, clientSeries, signal } = work;
  const { server, rows } = await withAnyDatabase(work, async (session) => ({
    server: (await session.query(SERVER))[0],
    rows: await session.query(DATABASES),
  }));
  const version = (server?.['version'] ?? '').split(' ')[0] ?? '';
  const major = Math.floor(Number(server?.['number'] ?? 0) / 10_000);
  const problems: Sentence[] = [];
  if (target !== null && major > majorOf(target.version))
    problems.push(sayServerImport('newerPostgres', { version, own: target.version }));
  else if (!clientSeries.some((series) => Number(series) >= major))
    problems.push(sayServerImport('noPgDump', { version, newest: clientSeries.at(-1) ?? sayServerImport('none') }));
  const here =
    target === null
      ? null
      : await withSession(foreign, target.address, 'postgres', signal, async (session) => ({
          extensions: namesOf(await session.query(AVAILABLE_EXTENSIONS)),
          roles: namesOf(await session.query(ROLES)),
        }));
  const databases: FoundDatabase[] = [];
  for (const row of rows) {
    const found = await lookInto(work, row, here);
    // The one that every server has, unless someone keeps things in it.
    if (row['name'] !== 'postgres' || found.tables > 0) databases.push(found);
  }
  return { product: 'PostgreSQL', version, problems, databases };
};

async function lookInto(
  { foreign, source, signal }: LookWork,
  row: Row,
  here: { readonly extensions: ReadonlySet<string>; readonly roles: ReadonlySet<string> } | null,
): Promise<FoundDatabase> {
  const name = row['name'] ?? '';
  const { encoding = '', provider = 'c', collate = '', locale = '' } = row as Record<string, string>;
  const collation = `${encoding} ${provider === 'c' ? collate : locale}`;
  const closed = { name, sizeBytes: 0, tables: 0, collation, remarks: [], facts: row };
  if (!isTrue(row['open']))
    return {
      ...closed,
      problems: [sayServerImport('mayNotConnect', { user: source.user })],
    };
  const content = await withSession(
    foreign,
    source,
    name,
    signal,
    async (session) => (await session.query(CONTENT))[0],
  );
  const problems: Sentence[] = [];
  const remarks: Sentence[] = [];
  const unreadable = content?.['unreadable'];
  if (unreadable) problems.push(sayServerImport('mayNotRead', { user: source.user, tables: unreadable }));
  if (here !== null) {
    const missing = listOf(content?.['extensions']).filter(
      (one) => !here.extensions.has(one) && !OF_ADMINISTRATORS.has(one),
    );
    if (missing.length > 0) problems.push(sayServerImport('unknownExtension', { extensions: missing.join(', ') }));
    const roles = listOf(content?.['roles']).filter((one) => !here.roles.has(one));
    if (roles.length > 0)
      problems.push(
        sayServerImport('unknownRole', {
          roles: roles.join(', '),
          command: roles.map((one) => `create role ${quote(one)}`).join('; '),
        }),
      );
  }
  if (encoding !== 'UTF8') remarks.push(sayServerImport('converted', { encoding }));
  const owners = listOf(content?.['owners'], ', ').filter((owner) => owner !== 'kojibox');
  if (owners.length > 0) remarks.push(sayServerImport('otherOwner', { owners: owners.join(', ') }));
  if (Number(content?.['publications'] ?? 0) > 0) remarks.push(sayServerImport('publicationsStay'));
  if (content?.['subscriptions']) remarks.push(sayServerImport('subscriptionsStay'));
  return {
    name,
    sizeBytes: Number(content?.['bytes'] ?? 0),
    tables: Number(content?.['tables'] ?? 0),
    collation,
    problems,
    remarks,
    facts: row,
  };
}

const isTrue = (value: string | null | undefined): boolean => value === 't' || value === 'true';
