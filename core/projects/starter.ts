/** The starter project `hello`, made once so that a newcomer sees something real. */
import { join } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import type { FileOwner, FileSystem } from '../system/files.ts';

/** @param template folder with the starter's files; @param folder where the project goes; an existing one is left as it is */
export async function createStarterProject(
  files: FileSystem,
  options: {
    readonly template: string;
    readonly stack: ProjectConfig['stack'];
    readonly folder: string;
    readonly owner: FileOwner | null;
  },
): Promise<ProjectConfig> {
  const { template, stack, folder, owner } = options;
  if ((await files.stat(folder)) === null) {
    // Built beside and renamed, so that a starter cut short is never served.
    const building = `${folder}.new`;
    await files.remove(building);
    await files.makeDirectory(building, { mode: 0o755 });
    for (const name of await files.list(template)) await files.copyFile(join(template, name), join(building, name));
    if (owner !== null) await files.changeOwner(building, owner, true);
    await files.rename(building, folder);
  }
  return { id: 'hello', name: 'Hello', path: folder, domain: 'hello.test', stack, overrides: {} };
}
