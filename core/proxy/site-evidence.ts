/** What clients need to say whether a site can be opened: the services behind it, and the end of its certificate. */
import type { ProjectConfig } from '../../contract/config.ts';
import type { Site } from '../../contract/stack.ts';
import type { Certificates } from '../certificates/certificates.ts';

export function withEvidence(
  sites: readonly Site[],
  known: {
    readonly projects: readonly ProjectConfig[];
    servicesOf(project: ProjectConfig): string[];
    readonly certificates: Pick<Certificates, 'endOf'>;
  },
): Site[] {
  const projects = new Map(known.projects.map((project) => [project.id, project]));
  return sites.map((site) => {
    const project = projects.get(site.projectId);
    const certificateUntil = known.certificates.endOf(site.domain);
    return {
      ...site,
      services: project === undefined ? [] : known.servicesOf(project),
      ...(certificateUntil === null ? {} : { certificateUntil }),
    };
  });
}
