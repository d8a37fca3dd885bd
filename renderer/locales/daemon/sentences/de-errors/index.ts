/** Fehler des Daemons auf Deutsch. */
import type { SentenceTexts } from '../../../../../contract/sentences/index.ts';
import type { ERROR_SENTENCES } from '../../../../../contract/sentences/errors/index.ts';
import { archivesErrorsDe } from './archives.ts';
import { changesErrorsDe } from './changes.ts';
import { databasesErrorsDe } from './databases.ts';
import { fieldsErrorsDe } from './fields.ts';
import { filesErrorsDe } from './files.ts';
import { projectsErrorsDe } from './projects.ts';
import { requestsErrorsDe } from './requests.ts';
import { runtimesErrorsDe } from './runtimes.ts';
import { servicesErrorsDe } from './services.ts';
import { transfersErrorsDe } from './transfers.ts';

export const errorsDe: Pick<SentenceTexts, keyof typeof ERROR_SENTENCES> = {
  requestsErrors: requestsErrorsDe,
  fieldsErrors: fieldsErrorsDe,
  changesErrors: changesErrorsDe,
  databasesErrors: databasesErrorsDe,
  projectsErrors: projectsErrorsDe,
  filesErrors: filesErrorsDe,
  servicesErrors: servicesErrorsDe,
  runtimesErrors: runtimesErrorsDe,
  transfersErrors: transfersErrorsDe,
  archivesErrors: archivesErrorsDe,
};
