/** Kesalahan daemon dalam bahasa Indonesia. */
import type { SentenceTexts } from '../../../../../contract/sentences/index.ts';
import type { ERROR_SENTENCES } from '../../../../../contract/sentences/errors/index.ts';
import { archivesErrorsId } from './archives.ts';
import { changesErrorsId } from './changes.ts';
import { databasesErrorsId } from './databases.ts';
import { fieldsErrorsId } from './fields.ts';
import { filesErrorsId } from './files.ts';
import { projectsErrorsId } from './projects.ts';
import { requestsErrorsId } from './requests.ts';
import { runtimesErrorsId } from './runtimes.ts';
import { servicesErrorsId } from './services.ts';
import { transfersErrorsId } from './transfers.ts';

export const errorsId: Pick<SentenceTexts, keyof typeof ERROR_SENTENCES> = {
  requestsErrors: requestsErrorsId,
  fieldsErrors: fieldsErrorsId,
  changesErrors: changesErrorsId,
  databasesErrors: databasesErrorsId,
  projectsErrors: projectsErrorsId,
  filesErrors: filesErrorsId,
  servicesErrors: servicesErrorsId,
  runtimesErrors: runtimesErrorsId,
  transfersErrors: transfersErrorsId,
  archivesErrors: archivesErrorsId,
};
