/** What an import would do, or why it cannot: everything that can be refused is refused before anything is created. */
import { KojiboxError } from '../../../contract/errors.ts';
import type { InputOf } from '../../../contract/index.ts';
import { refuseImport, type ImportTools } from './import-tools.ts';
import type { TargetServer } from './importer.ts';
import type { Looked } from './look-at-server.ts';
import { planNames, type PlannedName } from './plan-names.ts';
import { listOf } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';

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
    throw new KojiboxError('UNAVAILABLE', sayServerImport('cannotTake'), {
      detail: serviceId === null ? sayServerImport('noneTakesThem') : sayServerImport('serviceOff', { id: serviceId }),
      source: 'databases',
      remedy: serviceId === null ? sayServerImport('chooseWith') : sayServerImport('startWith', { id: serviceId }),
    });
  const [serverProblem] = found.problems;
  if (serverProblem !== undefined) throw refuseImport(serverProblem, sayServerImport('nothingBegun'));
  const wanted = chosen.map(({ name, target: as }) => {
    const database = found.databases.find((one) => one.name === name);
    if (database === undefined)
      throw new KojiboxError('NOT_FOUND', sayServerImport('noSuchDatabase', { name }), {
        source: 'databases',
        remedy: sayServerImport('itHas', {
          names: found.databases.map((one) => one.name).join(', ') || sayServerImport('none'),
        }),
      });
    if (database.problems.length > 0)
      throw refuseImport(
        sayServerImport('cannotBeTaken', { name, problem: listOf(database.problems) }),
        sayServerImport('leaveItOut'),
      );
    return { database, ...(as === undefined ? {} : { as }) };
  });
  const planned: PlannedName[] = planNames(wanted, taken, onConflict).map(({ problem, ...rest }) => {
    if (problem !== null) throw refuseImport(problem, sayServerImport('otherName'));
    return rest;
  });
  const needed = planned.reduce((sum, { database }) => sum + database.sizeBytes * ROOM, 0);
  const free = await system.files.freeBytes(kojibox.layout.data);
  if (needed > free)
    throw new KojiboxError('DISK_FULL', sayServerImport('cannotTake'), {
      detail: sayServerImport('needsRoom', {
        needed: Math.ceil(needed / 1e6),
        folder: kojibox.layout.data,
        free: Math.floor(free / 1e6),
      }),
      source: 'databases',
    });
  return { target, planned };
}
