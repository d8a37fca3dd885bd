/** What an import would do, or why it cannot: everything that can be refused is refused before anything is created. */
import { KojiboxError } from '../../../contract/errors.ts';
import type { InputOf } from '../../../contract/index.ts';
import { refuseImport, type ImportTools } from './import-tools.ts';
import type { TargetServer } from './importer.ts';
import type { Looked } from './look-at-server.ts';
import { planNames, type PlannedName } from './plan-names.ts';

/** Bytes on disk here for each byte of tables there: indexes and logs come on top. */
const ROOM = 1.5;

type Wishes = Pick<InputOf<'serverImport.start'>, 'databases' | 'onConflict'>;

/** Rejects with UNAVAILABLE, NOT_FOUND, VALIDATION_FAILED or DISK_FULL. */
export async function planImport(
  { system, kojibox }: ImportTools,
  { found, serviceId, target, taken }: Looked,
  { databases: chosen, onConflict = 'refuse' }: Wishes,
): Promise<{ target: TargetServer; planned: PlannedName[] }> {
  if (serviceId === null || target === null)
    throw new KojiboxError('UNAVAILABLE', 'cannot take over these databases', {
      detail: serviceId === null ? 'there is no server here that takes them' : `${serviceId} does not run`,
      source: 'databases',
      remedy: serviceId === null ? 'Choose one with: koji setup' : `Start it with: koji start ${serviceId}`,
    });
  const [serverProblem] = found.problems;
  if (serverProblem !== undefined) throw refuseImport(serverProblem, 'Nothing was begun.');
  const wanted = chosen.map(({ name, target: as }) => {
    const database = found.databases.find((one) => one.name === name);
    if (database === undefined)
      throw new KojiboxError('NOT_FOUND', `there is no database "${name}" on that server`, {
        source: 'databases',
        remedy: `It has: ${found.databases.map((one) => one.name).join(', ') || 'none'}`,
      });
    if (database.problems.length > 0)
      throw refuseImport(
        `"${name}" cannot be taken over: ${database.problems.join(' ')}`,
        'Leave it out, or do what the detail says.',
      );
    return { database, ...(as === undefined ? {} : { as }) };
  });
  const planned: PlannedName[] = planNames(wanted, taken, onConflict).map(({ problem, ...rest }) => {
    if (problem !== null) throw refuseImport(problem, 'Give it another name here, or let a number be added.');
    return rest;
  });
  const needed = planned.reduce((sum, { database }) => sum + database.sizeBytes * ROOM, 0);
  const free = await system.files.freeBytes(kojibox.layout.data);
  if (needed > free)
    throw new KojiboxError('DISK_FULL', 'cannot take over these databases', {
      detail: `they need about ${Math.ceil(needed / 1e6)} MB in ${kojibox.layout.data}, and ${Math.floor(free / 1e6)} MB are free`,
      source: 'databases',
    });
  return { target, planned };
}
