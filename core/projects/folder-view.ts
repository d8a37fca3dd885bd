/** A folder as detection reads it: names and small texts, relative to the folder. */
import { join } from 'node:path';
import type { FileSystem } from '../system/files.ts';

export interface FolderView {
  has(path: string): Promise<boolean>;
  anyOf(paths: readonly string[]): Promise<boolean>;
  /** Content of a file; null when it is not there or cannot be read. */
  text(path: string): Promise<string | null>;
  /** Parsed JSON object; null when there is none. */
  json<T>(path: string): Promise<T | null>;
  /** Names in a folder, sorted. */
  list(path: string): Promise<string[]>;
}

/** @param folder absolute */
export function viewFolder(files: FileSystem, folder: string): FolderView {
  const has: FolderView['has'] = async (path) => (await files.stat(join(folder, path))) !== null;
  // What is no usual file, or too large, says nothing about the project.
  const text: FolderView['text'] = (path) => files.readForeign(join(folder, path)).catch(() => null);
  return {
    has,
    text,
    anyOf: async (paths) => (await Promise.all(paths.map(has))).some(Boolean),
    list: (path) => files.list(join(folder, path)).catch(() => []),
    async json<T>(path: string) {
      try {
        const value: unknown = JSON.parse((await text(path)) ?? 'null');
        return typeof value === 'object' && value !== null ? (value as T) : null;
      } catch {
        return null; // Half-written, or not JSON after all: the folder is judged by its other files.
      }
    },
  };
}
