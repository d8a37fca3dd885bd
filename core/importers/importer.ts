/** What an importer gives: sites as another tool knows them, before anybody asked whether Kojibox can have them. */
import type { ImportTool } from '../../contract/importers.ts';
import type { FileSystem } from '../system/files.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

export interface FoundSite {
  /** As the tool calls it; part of the key. */
  readonly name: string;
  /** Null: made from the name. */
  readonly domain: string | null;
  readonly aliases: readonly string[];
  /** Absolute folder on this machine; null for a proxy, which has none. */
  readonly path: string | null;
  /** Absolute; null: found by looking at the folder. */
  readonly documentRoot: string | null;
  readonly phpVersion: string | null;
  readonly nodeVersion: string | null;
  /** What starts it, where it is a program. */
  readonly command: string | null;
  /** Upstream of a proxy. */
  readonly target: string | null;
  readonly databases: readonly string[];
  readonly warnings: readonly Sentence[];
  /** File or folder that says so. */
  readonly source: string;
}

export interface FoundTool {
  readonly place: string;
  readonly sites: readonly FoundSite[];
  readonly warnings: readonly Sentence[];
}

export interface Importer {
  readonly tool: ImportTool;
  /** Where it keeps its settings, per system, in the order of looking. */
  places(home: string): readonly string[];
  /** @returns null when nothing of this tool is there. Never rejects for what a file holds. */
  read(files: FileSystem, place: string): Promise<FoundTool | null>;
}

export const site = (found: Partial<FoundSite> & Pick<FoundSite, 'name' | 'source'>): FoundSite => ({
  domain: null,
  aliases: [],
  path: null,
  documentRoot: null,
  phpVersion: null,
  nodeVersion: null,
  command: null,
  target: null,
  databases: [],
  warnings: [],
  ...found,
});

/** `8.2` of `php-8.2.29-nts`, `php@8.2`, `82`; null when there is no such number. */
export function phpSeries(text: string): string | null {
  const [, major, minor] =
    /(?:^|[^\d.])(\d)\.(\d{1,2})(?:\.\d+)?(?!\d)/.exec(` ${text}`) ?? /(?:^|\D)([5-9])(\d)(?!\d)/.exec(text) ?? [];
  return major === undefined || minor === undefined ? null : `${major}.${minor}`;
}
