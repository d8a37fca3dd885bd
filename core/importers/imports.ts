/** Imports: look, show, take over, undo. Reads the files of other tools and never changes them. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { Change } from '../../contract/changes.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import {
  ImportRecordSchema,
  type ImportCandidate,
  type ImportRecord,
  type ImportScan,
  type ImportTool,
} from '../../contract/importers.ts';
import type { Changes, TaskReporter } from '../changes/changes.ts';
import type { JsonStore } from '../config/json-store.ts';
import { timestamp } from '../system/clock.ts';
import type { System } from '../system/system.ts';
import { toCandidate, type CandidateWorld } from './candidates.ts';
import { importers } from './index.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

export interface ImportPlace {
  readonly tool?: ImportTool | undefined;
  readonly path?: string | undefined;
}

export interface Imports {
  /** Changes nothing. Rejects with NOT_FOUND when the named folder holds nothing of the tool. */
  scan(where: ImportPlace): Promise<ImportScan>;
  /** Creates the projects of the keys; without keys, of every site that has no problem. */
  apply(where: ImportPlace & { readonly keys?: readonly string[] | undefined }): Promise<Change>;
  /** The same as a part of another change: reports to its task. */
  take(
    where: ImportPlace & { readonly keys?: readonly string[] | undefined },
    report: (site: ImportCandidate) => TaskReporter,
    signal: AbortSignal,
  ): Promise<ImportRecord>;
  list(): readonly ImportRecord[];
  /** Forgets the projects and domains that one import created, as far as they are still there. */
  undo(id: string): Promise<ImportRecord>;
}

export interface ImportsOptions {
  readonly system: System;
  readonly changes: Changes;
  readonly store: JsonStore<ImportRecord[]>;
  world(): Pick<CandidateWorld, 'domainOwner' | 'localDomains' | 'versions' | 'detect' | 'isServable' | 'proxyFolder'>;
  projects(): readonly ProjectConfig[];
  setProject(project: ProjectConfig): Promise<void>;
  /** The link of a project as it can be opened now. */
  urlOf(project: ProjectConfig): string;
  removeProject(id: string): Promise<void>;
  /** Both apply the sites themselves. */
  addDomain(domain: string, projectId: string): Promise<void>;
  removeDomain(domain: string): Promise<void>;
  changed(id: string): void;
}

export const ImportRecordsSchema = z.array(ImportRecordSchema);

export function createImports(options: ImportsOptions): Imports {
  const { system, changes, store } = options;
  const { files } = system;

  const realFolder = async (path: string): Promise<string | null> => {
    const real = await files.realPath(path).catch(() => null);
    return real !== null && (await files.stat(real))?.type === 'directory' ? real : null;
  };

  const scan: Imports['scan'] = async ({ tool, path }) => {
    if (path !== undefined && (!isAbsolute(path) || (await realFolder(path)) === null))
      throw notFound(
        sayImport('cannotImport', { path }),
        sayImport(isAbsolute(path) ? 'noSuchFolder' : 'notAbsolute'),
        sayImport('nameTheFolder'),
      );
    const sources: ImportScan['sources'] = [];
    const sites: ImportCandidate[] = [];
    for (const importer of importers) {
      if (tool !== undefined && importer.tool !== tool) continue;
      for (const place of path === undefined ? importer.places(system.host.homeDirectory) : [path]) {
        const found = await importer.read(files, place);
        if (found === null) continue;
        const seen = new Set<string>();
        for (const each of found.sites) {
          const proposed = sites.filter(({ problem }) => problem === null).map(({ project }) => project);
          const candidate = await toCandidate(importer.tool, each, {
            ...options.world(),
            realFolder,
            projects: [...options.projects(), ...proposed],
          });
          if (!seen.has(candidate.key)) sites.push(candidate);
          seen.add(candidate.key);
        }
        sources.push({
          tool: importer.tool,
          place: found.place,
          sites: seen.size,
          warnings: [...found.warnings].slice(0, 50),
        });
      }
    }
    if (path !== undefined && sources.length === 0)
      throw notFound(
        sayImport('cannotImport', { path }),
        tool === undefined ? sayImport('noKnownTool') : sayImport('toolNotThere', { tool }),
        sayImport('nameTheFolderHowTo'),
      );
    return { sources, sites };
  };

  const chosen = async (where: ImportPlace & { keys?: readonly string[] | undefined }): Promise<ImportCandidate[]> => {
    const { sites } = await scan(where);
    if (where.keys === undefined) return sites.filter(({ problem }) => problem === null);
    return where.keys.map((key) => {
      const found = sites.find((candidate) => candidate.key === key);
      if (found === undefined)
        throw notFound(
          sayImport('cannotImportSite', { site: key }),
          sayImport('goneMeanwhile'),
          sayImport('lookAgain'),
        );
      if (found.problem !== null)
        throw new KojiboxError('VALIDATION_FAILED', sayImport('cannotImportSite', { site: key }), {
          detail: found.reason,
          source: 'config',
        });
      return found;
    });
  };

  /** All of them, or the whole site goes out again. */
  const addAliases = async (
    { aliases, project }: ImportCandidate,
    keep: (change: (mine: ImportRecord) => ImportRecord) => Promise<unknown>,
  ): Promise<void> => {
    try {
      for (const alias of aliases) {
        await keep((mine) => ({ ...mine, domains: [...mine.domains, alias] }));
        await options.addDomain(alias, project.id);
      }
    } catch (error) {
      await options.removeProject(project.id);
      await keep((mine) => ({ ...mine, domains: mine.domains.filter((domain) => !aliases.includes(domain)) }));
      throw error;
    }
  };

  const takeAll = async (
    sites: readonly ImportCandidate[],
    report: (site: ImportCandidate) => TaskReporter,
    signal: AbortSignal,
  ): Promise<ImportRecord> => {
    const next = `import-${store.get().length + 1}`;
    const keep = (change: (mine: ImportRecord) => ImportRecord): Promise<unknown> =>
      store.update((all) => all.map((one) => (one.id === next ? change(one) : one)));
    await store.update((all) => [
      ...all,
      { id: next, at: timestamp(system.clock), projects: [], domains: [], undoneAt: null },
    ]);
    const tasks = sites.map((each) => ({ each, task: report(each) }));
    const failures: unknown[] = [];
    for (const { each, task } of tasks) {
      if (signal.aborted) {
        task.skip(sayImport('cancelled'));
        continue;
      }
      task.step('create');
      try {
        // Written down before it is made: an import that is cut short can still be undone whole.
        await keep((mine) => ({
          ...mine,
          projects: [...mine.projects, { id: each.project.id, path: each.project.path }],
        }));
        await options.setProject(each.project);
        await addAliases(each, keep);
        task.done(options.urlOf(each.project));
      } catch (error) {
        if (!options.projects().some(({ id: known }) => known === each.project.id))
          await keep((mine) => ({ ...mine, projects: mine.projects.filter(({ id }) => id !== each.project.id) }));
        task.fail(error instanceof KojiboxError ? `${error.message}: ${error.detail}` : String(error));
        failures.push(error);
      }
    }
    options.changed(next);
    if (failures.length > 0) throw failures[0];
    signal.throwIfAborted();
    return store.get().find((one) => one.id === next) ?? fail(next);
  };

  return {
    scan,
    async apply(where) {
      const sites = await chosen(where);
      if (sites.length === 0)
        throw notFound(sayImport('nothingToImport'), sayImport('allHaveProblems'), sayImport('seeWhyNot'));
      return changes.run(
        'imports.apply',
        `Importing ${sites.length === 1 ? '1 site' : `${sites.length} sites`}`,
        async ({ task, signal }) => {
          await takeAll(sites, (each) => task(each.key, each.project.name), signal);
        },
      ).change;
    },
    take: async (where, report, signal) => takeAll(await chosen(where), report, signal),
    list: () => store.get(),
    async undo(id) {
      const mine = store.get().find((one) => one.id === id) ?? fail(id);
      if (mine.undoneAt !== null) return mine;
      // What someone made again under the same id since is theirs.
      const own = mine.projects.filter(({ id: known, path }) =>
        options.projects().some((project) => project.id === known && project.path === path),
      );
      for (const domain of mine.domains)
        await options.removeDomain(domain).catch((error: unknown) => ignoreMissing(error));
      for (const project of own)
        await options.removeProject(project.id).catch((error: unknown) => ignoreMissing(error));
      const undone = { ...mine, undoneAt: timestamp(system.clock) };
      await store.update((all) => all.map((one) => (one.id === id ? undone : one)));
      options.changed(id);
      return undone;
    },
  };

  function fail(id: string): never {
    throw new KojiboxError('NOT_FOUND', `there is no import "${id}"`, {
      detail: `imports: ${
        store
          .get()
          .map((one) => one.id)
          .join(', ') || 'none yet'
      }`,
      source: 'config',
    });
  }
}

const notFound = (what: Sentence, detail: Sentence, remedy: Sentence): KojiboxError =>
  new KojiboxError('NOT_FOUND', what, { detail, source: 'config', remedy });

/** What someone removed by hand in the meantime is as undone as can be. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof KojiboxError) || error.code !== 'NOT_FOUND') throw error;
}
