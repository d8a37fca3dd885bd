/** Which logs are meant by services and projects. A log's ID is its name below `runtime/logs`, e.g. `php-8.4` or `errors/blog`. */
import { KojiboxError } from '../contract/errors.ts';

/** Folders of the logs that the edge writes for projects. */
export const PROJECT_LOG_KINDS = ['access', 'errors'] as const;

/** The service that runs a project's own program, or something else for it: `app-blog`, `app-blog.queue`. */
const isOf = (project: string, service: string): boolean =>
  service === `app-${project}` || service.startsWith(`app-${project}.`);

export interface AskedLogs {
  readonly service?: string | readonly string[] | undefined;
  readonly project?: string | readonly string[] | undefined;
}

export interface KnownLogs {
  readonly services: readonly string[];
  readonly projects: readonly string[];
}

/** Neither: all services. Throws NOT_FOUND for what does not exist. */
export function logIdsOf({ service, project }: AskedLogs, known: KnownLogs): string[] {
  if (service === undefined && project === undefined) return [...known.services];
  const services = [service ?? []].flat().map((id) => existing('service', id, known.services));
  const projects = [project ?? []].flat().map((id) => existing('project', id, known.projects));
  const ofProjects = projects.flatMap((id) => [
    ...PROJECT_LOG_KINDS.map((kind) => `${kind}/${id}`),
    ...known.services.filter((candidate) => isOf(id, candidate)),
  ]);
  return [...new Set([...services, ...ofProjects])];
}

function existing(kind: 'service' | 'project', id: string, known: readonly string[]): string {
  if (known.includes(id)) return id;
  throw new KojiboxError('NOT_FOUND', `there is no ${kind} ${id}`, {
    detail: known.length === 0 ? `there is no ${kind} yet` : `there are: ${known.slice(0, 20).join(', ')}`,
    source: 'logs',
  });
}
