/** Projects that lack something that their files ask for. */
import type { ProjectConfig } from '../../contract/config.ts';
import type { IncompleteProject } from '../../contract/projects.ts';
import type { FileSystem } from '../system/files.ts';
import { installSteps } from './install-steps.ts';
import { missingFor } from './missing-parts.ts';

/** @param runs whether the own program of a project runs */
export async function findIncomplete(
  projects: readonly ProjectConfig[],
  files: FileSystem,
  runs: (project: ProjectConfig) => boolean,
): Promise<IncompleteProject[]> {
  const found = projects.map(async (project): Promise<IncompleteProject[]> => {
    const { missing, isNeeded } = await missingFor(files, project, runs(project));
    if (missing.length === 0) return [];
    const steps = await installSteps(files, project.path, missing);
    const commands = steps.map(({ command }) => command.join(' '));
    return [{ project: project.id, name: project.name, missing, commands, needed: isNeeded }];
  });
  return (await Promise.all(found)).flat();
}
