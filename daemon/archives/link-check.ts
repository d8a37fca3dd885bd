/** Checks that the programs of a tree find every library: in the tree, or among the few that belong to the system. Runs nothing of the tree. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { neededLibraries } from './elf.ts';

/** The C library comes from the system: a second one in the same process crashes. */
const SYSTEM_LIBRARIES = /^(lib(c|m|resolv|dl|pthread|rt|util|nss_\w+)\.so(\.\d+)?|ld-linux.*\.so\.\d+)$/;

/** @param executables relative to the tree; with none there is nothing to check */
export function linkCheck(tree: string, executables: readonly string[]): Promise<void> {
  if (executables.length === 0) return Promise.resolve();
  const libraries = new Map<string, string>();
  const extensions: string[] = [];
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (!/\.so(\.|$)/.test(entry.name) || entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    // What lies directly in the library folder is found by name; PHP's extensions are opened by path.
    if (/\/(usr\/)?lib(\/[^/]+-linux-gnu)?$/.test(entry.parentPath)) libraries.set(entry.name, path);
    if (/\/usr\/lib\/php\/\d{8}$/.test(entry.parentPath)) extensions.push(path);
  }
  const seen = new Set<string>();
  const waiting = [...executables.map((file) => join(tree, file)), ...extensions];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const needed = neededLibraries(file);
    if (needed === null && !file.endsWith('.so')) throw broken(tree, file, 'it is no program for this machine');
    for (const name of needed ?? []) {
      const library = libraries.get(name);
      if (library !== undefined) waiting.push(library);
      else if (!SYSTEM_LIBRARIES.test(name))
        throw broken(tree, file, `it needs ${name}, which neither came with it nor belongs to the system`);
    }
  }
  return Promise.resolve();
}

const broken = (tree: string, file: string, why: string): KojiboxError =>
  new KojiboxError('LINK_CHECK_FAILED', 'cannot activate the runtime', {
    detail: `${file.slice(tree.length + 1)}: ${why}`,
    source: 'runtime',
  });
