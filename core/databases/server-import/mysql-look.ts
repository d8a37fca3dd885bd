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
import { nearestCollation } from './mysql-schema.ts';

const seriesOf = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** Without one of these rights a server does not even say that there is something. */
const HIDDEN_WITHOUT: readonly { readonly what: string; readonly anyOf: readonly string[] }[] = [
  { what: 'triggers', anyOf: ['TRIGGER'] },
  { what: 'events', anyOf: ['EVENT'] },
  { what: 'routines', anyOf: ['EXECUTE', 'SHOW_ROUTINE', 'SHOW CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE ROUTINE'] },
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
