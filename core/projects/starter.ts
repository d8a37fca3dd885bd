/** The starter project `hello`, made once so that a newcomer sees something real. */
import { createHash } from 'node:crypto';
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
    await files.buildFolder(folder, { owner }, async (building) => {
      for (const name of await files.list(template)) await files.copyFile(join(template, name), join(building, name));
    });
  }
  return { id: 'hello', name: 'Hello', path: folder, domain: 'hello.test', stack, overrides: {} };
}

/** SHA-256 of files of the starter as former versions wrote them: they log in to Redis without its password, or use a database that is not theirs. */
const FORMER: Readonly<Record<string, readonly string[]>> = {
  'checks.php': [
    'a07ee94053bc18704fcd7dd6f9ad679ccfc10570e9fd1069c9c9e30a2b94b48c',
    'f918856f7faa4f578977067d4233818f96f8cdc3e1904c32883ec323e95fb605',
    'e5d266e576b615a486c1585cd2ba52a618e72a44f9865a471cdb00a4f82818e4',
  ],
};

/** Brings unchanged files of the starter to this version. @param options as of `createStarterProject` */
export async function renewStarterProject(
  files: FileSystem,
  { template, folder, owner }: { readonly template: string; readonly folder: string; readonly owner: FileOwner | null },
): Promise<void> {
  for (const [name, digests] of Object.entries(FORMER)) {
    const path = join(folder, name);
    const text = await files.readForeign(path);
    if (text === null || !digests.includes(createHash('sha256').update(text).digest('hex'))) continue;
    const current = await files.readForeign(join(template, name));
    if (current !== null) await files.writeAtomic(path, current, { mode: 0o644, ...(owner === null ? {} : { owner }) });
  }
}
