/** Up and down: the whole stack as one change each. */
import { KojiboxError } from '../../contract/errors.ts';
import type { Change } from '../../contract/changes.ts';
import type { Site } from '../../contract/stack.ts';
import type { Changes, ChangeContext, TaskReporter } from '../changes/changes.ts';
import { allOf } from '../changes/all-of.ts';
import { toError } from '../changes/to-error.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Supervisor } from '../services/supervisor.ts';
import { EDGE_ID, type CatalogEntry } from './catalog.ts';
import type { MissingRuntimes } from './missing-runtimes.ts';
import type { ServiceState } from '../../contract/services.ts';
import { sayWork } from '../../contract/sentences/work.ts';

export interface StackOptions {
  readonly changes: Changes;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  /** Makes the starter project when there is none, and defines the services that the projects need. */
  prepare(): Promise<CatalogEntry[]>;
  /** Certificates, names and the configuration of the edge. */
  applySites(): Promise<void>;
  /** Resolves when the logins of projects are made in the servers that run. */
  loginsMade(): Promise<void>;
  /** The next apply asks again which ports the edge can have. */
  forgetPorts(): void;
  /** Status of the first site, asked over HTTPS through the edge; null when there is no site. */
  checkSite(): Promise<{ readonly url: string; readonly status: number } | null>;
  /** Where the slow first initialisation of a service is reported. */
  readonly reporters: Map<string, TaskReporter>;
  readonly missing: Pick<MissingRuntimes, 'note' | 'forget'>;
}

export interface Stack {
  up(): Change;
  down(): Change;
  /** Installs what the projects need, and starts nothing. */
  install(): Change;
  /** The last one begun by `install`, or null. */
  lastInstall(): Change | null;
}

/** Share of the bar: an install is most of the time, a start next to nothing. */
const INSTALL_WEIGHT = 10;

function readyText({ version, readyMs }: Pick<ServiceState, 'version' | 'readyMs'>): string {
  if (readyMs === null) return version ?? '';
  const milliseconds = Math.round(readyMs);
  return version === null ? sayWork('readyIn', { milliseconds }) : sayWork('versionReadyIn', { version, milliseconds });
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function createStack(options: StackOptions): Stack {
  const { changes, runtimes, supervisor, reporters } = options;

  const bringUp = async (entry: CatalogEntry, task: TaskReporter, signal: AbortSignal): Promise<void> => {
    reporters.set(entry.id, task);
    try {
      if (entry.runtime !== null && entry.series !== null)
        await runtimes.ensure(entry.runtime, entry.series, task, signal).catch((error: unknown) => {
          // Its start then fails with the reason, which everyone sees who looks at the service.
          if (!signal.aborted) options.missing.note(entry.id, toError(error));
        });
      signal.throwIfAborted();
      task.step('start');
      const state = await supervisor.start(entry.id);
      task.done(readyText(state));
    } catch (error) {
      task.fail(textOf(error));
      throw error;
    } finally {
      reporters.delete(entry.id);
      options.missing.forget(entry.id);
    }
  };

  const up = async ({ task, signal }: ChangeContext): Promise<void> => {
    const entries = await options.prepare();
    const tasks = new Map(
      entries.map((entry) => {
        const isNew = entry.runtime !== null && runtimes.installed(entry.runtime, entry.series ?? undefined) === null;
        return [
          entry.id,
          task(entry.id, `${entry.name}${entry.series === null ? '' : ` ${entry.series}`}`, isNew ? INSTALL_WEIGHT : 1),
        ] as const;
      }),
    );
    const site = task('site', 'HTTPS', 1);
    const reporterOf = (entry: CatalogEntry): TaskReporter => tasks.get(entry.id) ?? site;

    const sites = options.applySites();
    sites.catch(() => undefined); // Awaited below, after the services.
    const edge = entries.find(({ id }) => id === EDGE_ID);
    const services = entries.filter(({ id }) => id !== EDGE_ID);
    const results = await Promise.allSettled(services.map((entry) => bringUp(entry, reporterOf(entry), signal)));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));

    // The edge comes up even when a service did not: then the pages say which one, and what helps.
    site.step('certificates');
    // Sites that cannot be written, e.g. on a full disk, leave those of before: the edge comes up with them.
    const applied = await sites.then(
      () => true,
      (error: unknown) => {
        site.fail(textOf(error));
        failures.push(error);
        return false;
      },
    );
    // Once more: a port may have had to move while the services started, or someone took the edge's. Costs nothing when none did.
    if (edge !== undefined && ['stopped', 'error'].includes(supervisor.state(edge.id).state)) options.forgetPorts();
    if (applied) await options.applySites();
    if (edge !== undefined) {
      await bringUp(edge, reporterOf(edge), signal)
        .catch(async (error: unknown) => {
          // Between the choice of a port and the start someone else may have taken it: other ports, once.
          if (signal.aborted) throw error;
          options.forgetPorts();
          await options.applySites();
          await bringUp(edge, reporterOf(edge), signal);
        })
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw allOf(failures);
    site.step('request');
    await options.loginsMade();
    const checked = await options.checkSite();
    if (checked !== null && checked.status >= 500) {
      site.fail(sayWork('answered', { status: checked.status }));
      throw new KojiboxError('START_FAILED', `cannot serve ${checked.url}`, {
        detail: `it answers ${checked.status}`,
        source: 'stack',
        remedy: `Open ${checked.url} to see what it says, and look at: koji logs edge`,
      });
    }
    site.done(
      checked === null ? sayWork('noProject') : sayWork('siteAnswers', { url: checked.url, status: checked.status }),
    );
  };

  const down = async ({ task }: ChangeContext): Promise<void> => {
    const running = supervisor.states().filter(({ state, desired }) => state !== 'stopped' || desired === 'up');
    const reporters_ = new Map(running.map(({ id, name }) => [id, task(id, name)] as const));
    await Promise.all(
      running.map(async ({ id }) => {
        reporters_.get(id)?.step('stop');
        await supervisor.stop(id);
        reporters_.get(id)?.done(sayWork('stopped'));
      }),
    );
  };

  const installAll = async ({ task, signal }: ChangeContext): Promise<void> => {
    const entries = (await options.prepare()).filter(({ runtime }) => runtime !== null);
    const results = await Promise.allSettled(
      entries.map(async ({ id, name, runtime, series }) => {
        const reporter = task(id, `${name} ${series ?? ''}`.trim());
        try {
          const installed = await runtimes.ensure(runtime ?? '', series ?? undefined, reporter, signal);
          reporter.done(installed.version);
        } catch (error) {
          reporter.fail(textOf(error));
          throw error;
        }
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };

  let installId: string | null = null;
  return {
    install() {
      const { change } =
        changes.running('installer.start') ?? changes.run('installer.start', 'Installing the runtimes', installAll);
      installId = change.id;
      return change;
    },
    lastInstall: () => changes.list().find(({ id }) => id === installId) ?? null,
    up: () => (changes.running('stack.up') ?? changes.run('stack.up', 'Starting the stack', up)).change,
    down: () => (changes.running('stack.down') ?? changes.run('stack.down', 'Stopping the stack', down)).change,
  };
}

/** A site that is meant to answer: no bad record, and no program that rests. */
export function siteToCheck(
  sites: readonly Site[],
  states: readonly Pick<ServiceState, 'id' | 'state'>[],
): Site | undefined {
  const rests = (project: string): boolean =>
    states.some(({ id, state }) => id === `app-${project}` && state !== 'running');
  return sites.find(({ projectId, problem }) => problem === undefined && !rests(projectId));
}
