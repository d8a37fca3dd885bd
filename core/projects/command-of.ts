/** What starts the program of a project, and the names it is reached by. */
import type { ProjectConfig } from '../../contract/config.ts';
import type { DomainMapping } from '../../contract/domains.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { FileSystem } from '../system/files.ts';
import { detectProject } from './detect.ts';

/** The setting COMMAND, else what the folder says. Rejects with START_FAILED. */
export async function commandOf(files: FileSystem, project: ProjectConfig): Promise<string> {
  const command = project.overrides['COMMAND'] ?? (await detectProject(files, project.path))?.command;
  if (command !== undefined && command !== null) return command;
  throw new KojiboxError('START_FAILED', `cannot start ${project.name}`, {
    detail: `no command is known that starts what is in ${project.path}`,
    source: 'services',
    remedy: `Say what starts it: koji project set ${project.id} --overrides COMMAND='…', with $PORT for the port it must listen on.`,
  });
}

/** Names of a project, its own first. */
export const domainsOf = ({ id, domain }: ProjectConfig, mappings: readonly DomainMapping[]): string[] => [
  domain,
  ...mappings
    .filter(({ projectId, targetPort }) => projectId === id && targetPort === 0)
    .map((mapping) => mapping.domain),
];
