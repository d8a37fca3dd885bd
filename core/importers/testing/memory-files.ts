/** A file system in memory, as far as importers read it. */
import { posix } from 'node:path';
import type { FileStat, FileSystem } from '../../system/files.ts';

/** @param content text by absolute path; folders are what the paths imply. @param links absolute path to absolute path */
export function memoryFiles(
  content: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
): FileSystem {
  const files = new Map(Object.entries(content));
  const resolveLinks = (path: string): string => {
    let text = path;
    for (let round = 0; round < 10; round++) {
      const link = Object.entries(links).find(([from]) => text === from || text.startsWith(`${from}/`));
      if (link === undefined) return text;
      text = link[1] + text.slice(link[0].length);
    }
    throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
  };
  const isFolder = (path: string): boolean => [...files.keys()].some((file) => file.startsWith(`${path}/`));
  const stat = (path: string): FileStat | null => {
    const type = files.has(path) ? 'file' : isFolder(path) ? 'directory' : null;
    return type === null
      ? null
      : { type, size: (files.get(path) ?? '').length, mode: 0o755, uid: 0, gid: 0, mtimeMs: 0 };
  };
  const known: Partial<FileSystem> = {
    readForeign: async (path) => files.get(resolveLinks(path)) ?? null,
    readText: async (path) => files.get(resolveLinks(path)) ?? null,
    async realPath(path) {
      const real = resolveLinks(posix.normalize(path).replace(/(.)\/$/, '$1'));
      return stat(real) === null ? null : real;
    },
    stat: async (path) => stat(path),
    async list(path) {
      const folder = resolveLinks(path);
      const names = [...files.keys(), ...Object.keys(links)]
        .filter((file) => file.startsWith(`${folder}/`))
        .map((file) => file.slice(folder.length + 1).split('/')[0] ?? '');
      return [...new Set(names)].sort();
    },
    canRead: async (path) => stat(path) !== null,
  };
  return known as FileSystem;
}
