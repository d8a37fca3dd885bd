/** A look into a server of MySQL or MariaDB: what it has, and what MariaDB would make of it. Only read. */
import { withSession, type FoundDatabase, type ServerImporter } from './importer.ts';
import {
  collationsOf,
  DATABASES,
  definersOf,
  ENGINES,
  eventsOf,
  functionalIndexesOf,
  HAS_EXPRESSIONS,
  KNOWN_COLLATIONS,
  namesOf,
  rightsOn,
  SERVER,
} from './mysql-catalog.ts';
import { nearestCollation } from '../mysql-collations.ts';
import type { Sentence } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

const seriesOf = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** Without one of these rights a server does not even say that there is something. */
const HIDDEN_WITHOUT: readonly { readonly what: Sentence; readonly anyOf: readonly string[] }[] = [
  { what: sayServerImport('triggers'), anyOf: ['TRIGGER'] },
  { what: sayServerImport('events'), anyOf: ['EVENT'] },
  {
    what: sayServerImport('routines'),
    anyOf: ['EXECUTE', 'SHOW_ROUTINE', 'SHOW CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE ROUTINE'],
  },
];

export const lookMysql: ServerImporter['look'] = async ({ foreign, source, target, signal }) => {
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
      const problems: Sentence[] = [];
      const remarks: Sentence[] = [];
      if (here !== null) {
        for (const collation of namesOf(await session.query(collationsOf(name)))) {
          if (here.collations.has(collation)) continue;
          const nearest = nearestCollation(collation);
          if (nearest !== null && here.collations.has(nearest))
            remarks.push(sayServerImport('otherCollation', { collation, nearest }));
          else problems.push(sayServerImport('unknownCollation', { collation }));
        }
        const engines = (row['engines'] ?? '')
          .split('\n')
          .filter((one) => one !== '' && !here.engines.has(one.toLowerCase()));
        if (engines.length > 0) problems.push(sayServerImport('unknownEngine', { engines: engines.join(', ') }));
        if (server?.['folding'] !== here.folding && here.folding === '0') remarks.push(sayServerImport('capitals'));
      }
      if (hasExpressions) {
        const functional = namesOf(await session.query(functionalIndexesOf(name)));
        if (functional.length > 0)
          problems.push(sayServerImport('expressionIndexes', { indexes: functional.join(', ') }));
      }
      if ((row['engines'] ?? '').split('\n').some((engine) => !['', 'InnoDB'].includes(engine)))
        remarks.push(sayServerImport('notInnodb'));
      if (Number(row['versioned'] ?? 0) > 0) remarks.push(sayServerImport('historyStays'));
      const rights = new Set(namesOf(await session.query(rightsOn(name))));
      const unseen = HIDDEN_WITHOUT.filter(({ anyOf }) => !anyOf.some((right) => rights.has(right)));
      if (unseen.length > 0)
        remarks.push(
          sayServerImport('mayNotSee', {
            user: source.user,
            what: unseen.map(({ what }) => what).join(', '),
            rights: unseen.map(({ anyOf }) => anyOf[0]?.toLowerCase()).join(', '),
          }),
        );
      const definers = namesOf(await session.query(definersOf(name))).filter((one) => !one.startsWith('kojibox@'));
      if (definers.length > 0) remarks.push(sayServerImport('otherDefiner', { users: definers.join(', ') }));
      const events = namesOf(await session.query(eventsOf(name)));
      if (events.length > 0) remarks.push(sayServerImport('eventsWait', { events: events.join(', ') }));
      if (isMariadb && target !== null && seriesOf(plain) > seriesOf(target.version))
        remarks.push(sayServerImport('newerMariadb', { version: plain }));
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
