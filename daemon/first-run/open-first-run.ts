/** Joins imports and first run to the parts of Kojibox that they use. */
import type { EventData, EventName } from '../../contract/index.ts';
import { LOCAL_DOMAINS } from '../../core/certificates/local-domains.ts';
import { openJsonStore } from '../../core/config/json-store.ts';
import { createFirstRun, firstRecord, FirstRunRecordSchema, type FirstRun } from '../../core/first-run/first-run.ts';
import type { SetupRights } from '../../core/first-run/rights.ts';
import { createImports, ImportRecordsSchema, type Imports } from '../../core/importers/imports.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { detectProject } from '../../core/projects/detect.ts';
import { isServable } from '../../core/projects/servable.ts';
import type { System } from '../../core/system/system.ts';

export interface FirstRunParts {
  readonly firstRun: FirstRun;
  readonly imports: Imports;
}

export interface FirstRunPartsOptions {
  readonly kojibox: Kojibox;
  readonly system: System;
  readonly trust: { add(): Promise<void> };
  readonly rights: SetupRights;
  /** Where Kojibox would keep everything if no one said where. */
  readonly usualHome: string;
  mailPort(): number | null;
  publish<N extends EventName>(event: N, data: EventData<N>): void;
}

/** To be called before anything makes the first project: that is how a fresh home is known. */
export async function openFirstRun(options: FirstRunPartsOptions): Promise<FirstRunParts> {
  const { kojibox, system, publish } = options;
  const { layout, stores } = kojibox;
  const about = {
    files: system.files,
    schemaVersion: 1,
    notice: (text: string) => kojibox.notice(text),
    now: () => system.clock.now(),
  };
  const isFresh = (await system.files.stat(layout.projectsConfig)) === null;
  const [imported, record] = await Promise.all([
    openJsonStore({ ...about, path: layout.importsConfig, schema: ImportRecordsSchema, fallback: [] }),
    openJsonStore({
      ...about,
      path: layout.firstRunConfig,
      schema: FirstRunRecordSchema,
      fallback: firstRecord(isFresh),
    }),
  ]);
  if ((await system.files.stat(layout.firstRunConfig)) === null)
    await record
      .update((now) => now)
      .catch((error: unknown) => system.log.warn('cannot keep the first run', { error: String(error) }));

  const changedProject = (id: string): void => publish('config:changed', { scope: 'project', id });
  const versionsOf = (name: 'php' | 'node') => ({
    available: kojibox.runtimes
      .list(new Map())
      .filter((entry) => entry.name === name)
      .map(({ series }) => series),
    standard: kojibox.runtimes.defaultSeries(name),
  });
  const imports = createImports({
    system,
    changes: kojibox.changes,
    store: imported,
    world: () => ({
      domainOwner: (domain) =>
        kojibox.domains.list().find((mapping) => mapping.domain === domain)?.projectId ??
        stores.rules.get().find(({ host }) => host === domain)?.host ??
        null,
      localDomains: LOCAL_DOMAINS,
      versions: { php: versionsOf('php'), node: versionsOf('node') },
      detect: (path) => detectProject(system.files, path),
      isServable: async (path) => (await system.files.canRead(path)) && isServable(system, path),
      proxyFolder: layout.projects,
    }),
    projects: () => kojibox.projects.list(),
    async setProject(project) {
      await kojibox.setProject(project);
      changedProject(project.id);
    },
    urlOf: ({ id, domain }) => kojibox.sites().find(({ projectId }) => projectId === id)?.url ?? `https://${domain}`,
    async removeProject(id) {
      await kojibox.removeProject(id);
      changedProject(id);
    },
    async addDomain(domain, projectId) {
      await kojibox.names.setDomain({ domain, projectId, targetPort: 0 });
      publish('config:changed', { scope: 'domain', id: domain });
    },
    async removeDomain(domain) {
      await kojibox.names.removeDomain(domain);
      publish('config:changed', { scope: 'domain', id: domain });
    },
    changed: (id) => publish('imports:changed', { id }),
  });
  const firstRun = createFirstRun({
    kojibox,
    system,
    imports,
    store: record,
    trust: options.trust,
    rights: options.rights,
    homeDecidedBy: layout.home === options.usualHome ? 'default' : 'environment',
    mailPort: options.mailPort,
    changed: ({ state, step }) => publish('firstRun:changed', { state, step }),
  });
  return { firstRun, imports };
}
