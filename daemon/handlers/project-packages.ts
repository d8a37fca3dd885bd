/** What projects lack, and how it gets there. */
import type { Handlers } from '../../contract/index.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import type { ServiceState } from '../../contract/services.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { findIncomplete } from '../../core/projects/incomplete.ts';
import { appServiceOf } from '../../core/stack/catalog.ts';
import { installPackages } from '../../core/stack/install-packages.ts';
import type { System } from '../../core/system/system.ts';

export function projectPackageHandlers({
  kojibox,
  system,
}: {
  readonly kojibox: Kojibox;
  readonly system: System;
}): Pick<Handlers, 'projects.install' | 'projects.missing'> {
  const { projects, supervisor, changes, environments, runtimes } = kojibox;
  const programOf = (project: ProjectConfig): ServiceState | undefined =>
    supervisor.states().find(({ id }) => id === appServiceOf(project));
  return {
    'projects.missing': async ({ id }) =>
      findIncomplete(
        id === undefined ? projects.list() : [projects.get(id)],
        system.files,
        (project) => programOf(project)?.state === 'running',
      ),
    'projects.install': async ({ id }) =>
      installPackages(projects.get(id), {
        system,
        changes,
        environments,
        runtimes,
        // One that failed for want of its packages.
        async startFailed(project) {
          if (programOf(project)?.state === 'error') await supervisor.start(appServiceOf(project));
        },
      }),
  };
}
