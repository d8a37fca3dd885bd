/** One function per operation: calls core, returns. No decisions here. */
import type { Handlers } from '../../contract/index.ts';
import type { Change } from '../../contract/changes.ts';
import type { DaemonInfo, Snapshot } from '../../contract/daemon.ts';
import type { DiagnosticsBundle } from '../../contract/diagnostics.ts';
import type { DoctorCheck } from '../../contract/doctor.ts';
import type { ServiceState } from '../../contract/services.ts';
import { statusOf } from '../../contract/site-status.ts';
import type { StackStatus } from '../../contract/stack.ts';
import type { ServiceConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { HIDDEN, keepHidden } from '../../contract/private-values.ts';
import type { Snapshots } from '../../core/databases/snapshots/snapshots.ts';
import { withoutUndefined } from '../../core/config/without-undefined.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import type { Activity } from '../activity.ts';
import { createPackHandlers, type PackHandlerOptions } from './packs.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { MailCatcher } from '../mail/mail-catcher.ts';
import { logIdsOf, type AskedLogs } from '../log-sources.ts';
import type { ServiceLogs } from '../service-logs.ts';
import { firstRunHandlers } from './first-run.ts';
import type { createHomeHandlers } from './home.ts';
import type { OpenUpdater } from '../updater/open-updater.ts';
import { databaseHandlers } from './databases.ts';
import type { createDumpUploadHandlers } from './dump-uploads.ts';
import { phpHandlers } from './php.ts';
import type { createPrivilegedHandlers } from './privileged.ts';
import { programHandlers } from './programs.ts';
import { projectPackageHandlers } from './project-packages.ts';
import { runtimeChoiceHandlers } from './runtime-choices.ts';
import type { createResolverHandlers } from './resolver.ts';
import type { createSecretKeyHandlers } from './secret-key.ts';
import type { createServerImportHandlers } from './server-import.ts';
import { updateHandlers } from './updates.ts';

export interface HandlerOptions {
  readonly kojibox: Kojibox;
  readonly system: System;
  readonly logs: ServiceLogs;
  info(): DaemonInfo;
  uiUrl(): string;
  doctor(): Promise<DoctorCheck[]>;
  readonly updater: OpenUpdater;
  readonly activity: Activity;
  readonly snapshots: Snapshots;
  readonly setup: Parameters<typeof firstRunHandlers>[0];
  mail(): MailCatcher;
  openFolder(what: 'folder' | 'terminal' | 'editor', folder: string): Promise<void>;
  diagnostics(): Promise<DiagnosticsBundle>;
  readonly metrics: Pick<Metrics, 'snapshot' | 'history'>;
  /** Of the privileged, the resolver, the secret-key, the home and the server-import operations, and of links. */
  readonly more: ReturnType<typeof createPrivilegedHandlers> &
    ReturnType<typeof createDumpUploadHandlers> &
    ReturnType<typeof createResolverHandlers> &
    ReturnType<typeof createSecretKeyHandlers> &
    ReturnType<typeof createHomeHandlers> &
    ReturnType<typeof createServerImportHandlers> &
    Pick<Handlers, 'daemon.link'>;
  quit(keepServices: boolean, restarting: boolean): void;
  changed(scope: 'app' | 'service' | 'project' | 'domain' | 'proxy', id: string): void;
  runtimesChanged(): void;
  /** Finds out whether the folders of the projects are there. */
  lookAtFolders(): Promise<void>;
  readonly packs: PackHandlerOptions;
}

/** What a caller gave who does not see stored values: those stay. Throws VALIDATION_FAILED where there is none to stay. */
function stored<T extends Readonly<Record<string, string>> | readonly string[]>(
  given: T,
  before: T | undefined,
  field: string,
): T {
  const kept = keepHidden(given, before);
  if (kept !== null) return kept;
  throw new KojiboxError('VALIDATION_FAILED', `cannot keep a hidden value of ${field}`, {
    detail: `${HIDDEN} stands for a stored value, and none is stored under this name`,
    source: 'config',
    remedy: 'Give the value itself.',
  });
}

/** What every client sees first. */
export function snapshotOf({ kojibox, info }: Pick<HandlerOptions, 'kojibox' | 'info'>): Snapshot {
  return {
    daemon: info(),
    services: kojibox.supervisor.states(),
    changes: kojibox.changes.list(),
    sites: kojibox.sites(),
    notices: [...kojibox.notices],
    problems: [...kojibox.problems()],
  };
}

export function createHandlers(options: HandlerOptions): Handlers {
  const { kojibox, logs, changed } = options;
  const { supervisor, runtimes, projects, domains, certificates, changes, stack, stores } = kojibox;

  const usedBy = (): Map<string, string[]> => {
    const users = new Map<string, string[]>();
    for (const state of supervisor.states().filter(({ state: status }) => status !== 'stopped')) {
      const entry = runtimes.installed(state.runtime ?? '', state.version ?? undefined);
      if (entry !== null)
        users.set(`${entry.name} ${entry.series}`, [...(users.get(`${entry.name} ${entry.series}`) ?? []), state.id]);
    }
    return users;
  };

  const install = (name: string, version: string | undefined): { change: Change; ended: Promise<Change> } => {
    const binary = runtimes.resolve(name, version);
    const label = `${name} ${binary.series ?? binary.version}`;
    return changes.run('runtime.install', `Installing ${label}`, async ({ task, signal }) => {
      const reporter = task(name, label);
      const installed = await runtimes.ensure(name, version, reporter, signal);
      reporter.done(installed.version);
      options.runtimesChanged();
    });
  };

  const status = (): StackStatus => {
    const services: ServiceState[] = supervisor.states();
    const sites = kojibox.sites();
    return {
      ready: statusOf({ services, sites }, Date.now()).state === 'ready',
      services,
      sites,
      uiUrl: options.uiUrl(),
      notices: [...kojibox.notices],
      problems: [...kojibox.problems()],
    };
  };

  const storedService = (config: ServiceConfig): ServiceConfig => {
    const before = kojibox.serviceSettings.get(config.id);
    return {
      ...config,
      env: stored(config.env, before.env, 'env'),
      args: stored(config.args, before.args, 'args'),
    };
  };

  const idsOf = (asked: AskedLogs): string[] =>
    logIdsOf(asked, {
      services: supervisor.states().map(({ id }) => id),
      projects: kojibox.stores.projects.get().map(({ id }) => id),
    });

  const ok = 'ok' as const;
  return {
    ...firstRunHandlers(options.setup),
    ...options.more,
    'stack.status': async () => {
      await options.lookAtFolders();
      return status();
    },
    'stack.up': async () => stack.up(),
    'stack.down': async () => stack.down(),

    'services.list': async () => supervisor.states(),
    'services.start': async ({ id }) => {
      await kojibox.held.free(supervisor.state(id).id);
      return supervisor.start(id);
    },
    'services.stop': async ({ id }) => {
      await kojibox.held.hold(supervisor.state(id).id);
      return supervisor.stop(id);
    },
    'services.restart': async ({ id }) => {
      await kojibox.held.free(supervisor.state(id).id);
      return supervisor.restart(id);
    },
    'services.logs': async ({ id, tail }) => logs.tail(supervisor.state(id).id, tail),
    'services.define': async (definition) => {
      const before = kojibox.ownServices.list().find(({ id }) => id === definition.id);
      await kojibox.ownServices.define({
        ...definition,
        name: definition.name ?? definition.id,
        args: stored(definition.args, before?.args, 'args'),
        env: stored(definition.env, before?.env, 'env'),
      });
      changed('service', definition.id);
      return ok;
    },
    'services.definitions': async () => [...kojibox.ownServices.list()],
    'services.undefine': async ({ id }) => {
      await kojibox.ownServices.undefine(id);
      changed('service', id);
      return ok;
    },
    'logs.query': async ({ service, project, limit, ...filter }) =>
      logs.query({ ids: idsOf({ service, project }), filter, limit }),
    'logs.sources': async (asked) => idsOf(asked),
    'logs.export': async ({ service, project, limit, ...filter }) => {
      const asked = [service ?? [], project ?? []].flat();
      const ids = idsOf({ service, project });
      return logs.export({ ids, asked: asked.length === 0 ? null : asked, filter, limit });
    },
    'services.health': async ({ id }) => {
      const { health, evidence, ports, pid } = supervisor.state(id);
      const own = kojibox.ownServices.list().find((definition) => definition.id === id)?.healthCheck;
      if (own !== undefined) return { ...own, status: health, evidence };
      const port = ports[0]?.port;
      return {
        type: port === undefined ? 'pid' : 'port',
        target: port === undefined ? String(pid ?? '') : `127.0.0.1:${port}`,
        timeoutMs: 5000,
        intervalMs: 10_000,
        status: health,
        evidence,
      };
    },

    'runtime.getManifest': async () => runtimes.manifest(),
    'runtime.list': async () => runtimes.list(usedBy()),
    ...runtimeChoiceHandlers({
      kojibox,
      system: options.system,
      install: (name, version) => install(name, version).change,
      changed: () => options.runtimesChanged(),
    }),
    'runtime.ensureService': async ({ name, version }) => {
      const binary = runtimes.resolve(name, version);
      await install(name, version).ended;
      const entry = runtimes.installed(name, version);
      return {
        ...binary,
        version: entry?.version ?? binary.version,
        checksum: entry?.digest ?? binary.checksum,
        binPath: `${entry?.path ?? ''}/${binary.binPath.split('/').slice(5).join('/')}`,
      };
    },
    'runtime.remove': async ({ name, version }) => {
      const entry = runtimes.installed(name, version);
      const users = entry === null ? [] : (usedBy().get(`${name} ${entry.series}`) ?? []);
      if (users.length > 0)
        throw new KojiboxError('RUNTIME_IN_USE', `cannot remove ${name} ${version}`, {
          detail: `${users.join(', ')} runs it`,
          source: 'runtime',
        });
      if (entry !== null && stores.runtimes.get().pins[`${name} ${entry.series}`] === entry.version)
        throw new KojiboxError('RUNTIME_IN_USE', `cannot remove ${name} ${version}`, {
          detail: `${entry.version} is pinned`,
          source: 'runtime',
          remedy: `Unpin it first: koji runtime unpin ${name} ${entry.series}`,
        });
      await runtimes.remove(name, version);
      options.runtimesChanged();
      return ok;
    },

    'config.getApp': async () => stores.app.get(),
    'config.setApp': async (config) => {
      const overrides = config.overrides && stored(config.overrides, stores.app.get().overrides, 'overrides');
      // What is left out stays as it is.
      await kojibox.setApp(withoutUndefined({ ...config, overrides }));
      changed('app', 'app');
      return ok;
    },
    'config.getService': async ({ id }) => kojibox.serviceSettings.shown(supervisor.state(id).id),
    'config.setService': async (config) => {
      await kojibox.serviceSettings.set(storedService(config));
      changed('service', config.id);
      return ok;
    },
    'config.previewService': async (config) => kojibox.serviceSettings.preview(storedService(config)),
    'config.getProject': async ({ id }) => projects.get(id),
    'config.setProject': async (project) => {
      const before = projects.list().find(({ id }) => id === project.id)?.overrides;
      await kojibox.setProject({ ...project, overrides: stored(project.overrides, before, 'overrides') });
      changed('project', project.id);
      return ok;
    },
    'projects.update': async (patch) => {
      const given = Object.entries(patch.overrides).filter(([, value]) => value !== HIDDEN);
      await kojibox.updateProject({ ...patch, overrides: Object.fromEntries(given) });
      changed('project', patch.id);
      return ok;
    },
    'config.listProjects': async () => projects.list(),
    'projects.remove': async ({ id }) => {
      await kojibox.removeProject(id);
      changed('project', id);
      return ok;
    },

    'projects.detect': async ({ path }) => kojibox.detectProject(path),
    'projects.open': async ({ id, with: what }) => {
      await options.openFolder(what, projects.get(id).path);
      return ok;
    },
    'projects.create': async (wanted) => kojibox.createProject(wanted),
    ...projectPackageHandlers({ kojibox, system: options.system }),

    'projects.share': async ({ id, hours, address }) => {
      const share = await kojibox.sharing.begin(projects.get(id).id, hours, address);
      changed('project', id);
      return share;
    },
    'projects.unshare': async ({ id }) => {
      await kojibox.sharing.end(id);
      changed('project', id);
      return ok;
    },
    'projects.shares': async () => kojibox.sharing.list(),

    'domains.list': async () => [
      // A mapping of a project's own domain takes the place of the project's row.
      ...projects
        .list()
        .filter(({ domain }) => !domains.list().some((mapping) => mapping.domain === domain))
        .map(({ domain, id }) => ({ domain, projectId: id, targetPort: 0 })),
      ...domains.list(),
    ],
    'domains.upsert': async (mapping) => {
      await kojibox.names.setDomain(mapping);
      changed('domain', mapping.domain);
      return ok;
    },
    'domains.remove': async ({ domain }) => {
      await kojibox.names.removeDomain(domain);
      changed('domain', domain);
      return ok;
    },
    'domains.resolve': async ({ domain }) => domains.steps(domain, kojibox.httpsPort()),
    'proxy.rules': async () => stores.rules.get(),
    'proxy.apply': async ({ rules }) => {
      // A rule for a project's own root wins over the project: who writes one means it.
      await kojibox.names.setRules(rules);
      changed('proxy', 'rules');
      return ok;
    },

    'certs.generate': async ({ domain }) =>
      (await certificates.ensureLeaf(domain, [...new Set([domain, domains.localhostName(domain)])])).meta,
    'certs.list': async () => certificates.list(),
    'secrets.get': async (ref) => {
      const value = await kojibox.secrets.get(ref);
      if (value === null)
        throw new KojiboxError('NOT_FOUND', `there is no secret "${ref.key}"`, {
          detail: `scope ${ref.scope}`,
          source: 'secrets',
        });
      return value;
    },
    'secrets.set': async ({ value, ...ref }) => {
      await kojibox.secrets.set(ref, value);
      await kojibox.environmentChanged();
      changed('app', 'secrets');
      return ok;
    },

    'changes.list': async () => changes.list(),
    'changes.get': async ({ id }) => changes.get(id),
    'changes.cancel': async ({ id }) => changes.cancel(id),

    ...databaseHandlers(kojibox, options.snapshots),
    ...phpHandlers(kojibox.phpSettings),

    'mail.list': async () => ({ port: options.mail().port, mails: await options.mail().mailbox.list() }),
    'mail.source': async ({ id, offset }) => {
      const { bytes, nextOffset } = await options.mail().mailbox.piece(id, offset ?? 0);
      return { base64: bytes.toString('base64'), nextOffset };
    },
    'mail.remove': async ({ id }) => {
      await options.mail().mailbox.remove(id);
      return ok;
    },

    'activity.list': async ({ limit }) => options.activity.list(limit),
    'installer.status': async () => {
      const change = stack.lastInstall();
      return {
        phase: change === null ? 'idle' : change.status === 'running' ? 'installing' : change.status,
        progress: change?.progress ?? 0,
        changeId: change?.id ?? null,
      };
    },
    'installer.start': async () => {
      stack.install();
      return ok;
    },
    ...updateHandlers(options.updater),
    'metrics.snapshot': async () => options.metrics.snapshot(),
    'metrics.history': async (query) => options.metrics.history(query),

    'diagnostics.create': async () => options.diagnostics(),
    'doctor.run': async () => options.doctor(),
    'daemon.info': async () => options.info(),
    'daemon.quit': async ({ keepServices, restarting }) => {
      options.quit(keepServices, restarting);
      return ok;
    },

    ...createPackHandlers(options.packs),

    ...programHandlers({ kojibox, changed: () => options.runtimesChanged() }),
  };
}
