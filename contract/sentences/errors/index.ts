/**
 * What the errors of the daemon say. The places that throw them write plain text: `tests/architecture/error-texts.test.ts` finds all of it
 * and fails for what no catalogue has. `{a}`, `{b}` … are the values in their order.
 */
import { ARCHIVES_ERRORS } from './archives.ts';
import { CHANGES_ERRORS } from './changes.ts';
import { DATABASES_ERRORS } from './databases.ts';
import { FIELDS_ERRORS } from './fields.ts';
import { FILES_ERRORS } from './files.ts';
import { PROJECTS_ERRORS } from './projects.ts';
import { REQUESTS_ERRORS } from './requests.ts';
import { RUNTIMES_ERRORS } from './runtimes.ts';
import { SERVICES_ERRORS } from './services.ts';
import { TRANSFERS_ERRORS } from './transfers.ts';

export const ERROR_SENTENCES = {
  requestsErrors: REQUESTS_ERRORS,
  fieldsErrors: FIELDS_ERRORS,
  changesErrors: CHANGES_ERRORS,
  databasesErrors: DATABASES_ERRORS,
  projectsErrors: PROJECTS_ERRORS,
  filesErrors: FILES_ERRORS,
  servicesErrors: SERVICES_ERRORS,
  runtimesErrors: RUNTIMES_ERRORS,
  transfersErrors: TRANSFERS_ERRORS,
  archivesErrors: ARCHIVES_ERRORS,
} as const;
