/** The starter project `hello`, made once so that a newcomer sees something real. */
import { join } from 'node:path';
import type { ProjectConfig } from '../../contract/config.ts';
import type { FileOwner, FileSystem } from '../system/files.ts';

export async function createStarterProject(
  files: FileSystem,
  options: {
    /** Folder of the templates. */
    readonly templates: string;
    /** Whether a service is a part of the stack. */
    wants(service: string): boolean;
    /** Where projects go; one of this name that is there stays as it is. */
    readonly folder: string;
    readonly owner: FileOwner | null;
  },
): Promise<ProjectConfig> {
  const { templates, wants, owner } = options;
  const folder = join(options.folder, 'hello');
  // In the language that is wanted: a stack without PHP does not fetch it for a page of ours.
  const stack = wants('php') ? 'php' : wants('node') ? 'node' : 'static';
  const template = join(templates, stack === 'php' ? 'hello' : stack);
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
