/** Which series is used by default, and which version a series stays at: chosen, put into effect, taken back when a service does not start. */
import type { Change } from '../../contract/changes.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeChoices } from '../../contract/runtimes.ts';
import type { Changes } from '../changes/changes.ts';
import type { JsonStore } from '../config/json-store.ts';
import { changeRecords, type RecordKind } from '../config/record-change.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { CatalogEntry } from '../stack/catalog.ts';
import { EDGE_ID } from '../stack/catalog.ts';
import type { Runtimes } from './runtimes.ts';
import { sayWork } from '../../contract/sentences/work.ts';

/** The default of a runtime, and the pin of a series, are a record each. */
const CHOICES: RecordKind<RuntimeChoices> = {
  split: ({ defaults, pins }) =>
    new Map([
      ...Object.entries(defaults).map(([name, series]) => [`defaults/${name}`, series] as const),
      ...Object.entries(pins).map(([name, version]) => [`pins/${name}`, version] as const),
    ]),
  join(records) {
    const of = (kind: string): Record<string, string> =>
      Object.fromEntries(
        [...records]
          .filter(([key]) => key.startsWith(`${kind}/`))
          .map(([key, value]) => [key.slice(kind.length + 1), String(value)]),
      );
    return { defaults: of('defaults'), pins: of('pins') };
  },
};

export interface RuntimeChoiceWork {
  /** Throws RUNTIME_UNSUPPORTED for what there is not. */
  use(name: string, version: string): Change;
  /** Rejects with RUNTIME_MISSING for a version that is not installed. */
  pin(name: string, version: string): Promise<void>;
  /** Rejects with NOT_FOUND where nothing is pinned. */
  unpin(name: string, version: string): Promise<void>;
}

export function createRuntimeChoices(options: {
  readonly changes: Changes;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  readonly choices: JsonStore<RuntimeChoices>;
  /** Defines the services that the projects need now, and says which. */
  defineServices(): CatalogEntry[];
  applySites(): Promise<void>;
  changed(): void;
}): RuntimeChoiceWork {
  const { changes, runtimes, supervisor, choices } = options;

  /** Services of this runtime that are to run. */
  const upOf = (name: string): string[] =>
    supervisor
      .states()
      .filter(({ runtime, desired, state }) => runtime === name && (desired === 'up' || state === 'running'))
      .map(({ id }) => id);

  /** Starts, restarts and forgets services of a runtime, so that they are what the projects need with the choices of now. */
  const settle = async (name: string, signal: AbortSignal): Promise<void> => {
    const before = new Map(supervisor.states().map((state) => [state.id, state]));
    const needed = options.defineServices().filter(({ runtime }) => runtime === name);
    const stackIsUp = supervisor.state(EDGE_ID).state === 'running';
    for (const { id, runtime, series } of needed.filter(({ enabled }) => enabled)) {
      const known = before.get(id);
      const version = runtimes.installed(runtime ?? '', series ?? undefined)?.version;
      const isUp = known !== undefined && (known.desired === 'up' || known.state === 'running');
      if (isUp && known.version === version) continue;
      if (!isUp && (known !== undefined || !stackIsUp)) continue;
      await runtimes.ensure(name, series ?? undefined, UNSEEN, signal);
      if (isUp) await supervisor.restart(id);
      else await supervisor.start(id);
    }
    // After the services: no one is sent to one that is not there yet, or no longer.
    await options.applySites();
    const gone = [...before.values()].filter(
      ({ id, runtime }) => runtime === name && !needed.some((one) => one.id === id),
    );
    for (const { id } of gone) await supervisor.undefine(id);
  };

  /** With the way back: what does not start with the new choice leaves the old one in use. */
  const put = async (
    name: string,
    change: (before: RuntimeChoices) => RuntimeChoices,
    signal: AbortSignal,
  ): Promise<void> => {
    const wereUp = upOf(name);
    const { undo, keep } = await changeRecords(choices, CHOICES, change);
    try {
      await settle(name, signal);
    } catch (cause) {
      await undo();
      await settle(name, new AbortController().signal)
        .then(() => Promise.all(wereUp.map((id) => supervisor.start(id))))
        .catch(() => undefined); // The error that counts is the first one; the state of the service shows the rest.
      if (!(cause instanceof KojiboxError)) throw cause;
      throw new KojiboxError(cause.code, cause.message, {
        detail: cause.detail,
        source: 'runtime',
        remedy: `What was used before is back in use. ${cause.remedy}`,
        cause,
      });
    }
    keep();
    options.changed();
  };

  const seriesOf = (name: string, version: string): string => {
    const binary = runtimes.resolve(name, version);
    return binary.series ?? binary.version;
  };

  return {
    use(name, version) {
      const series = seriesOf(name, version);
      return changes.run('runtime.use', `Using ${name} ${series}`, async ({ task, signal }) => {
        const [installing, settling] = [task(name, `${name} ${series}`, 5), task('services', sayWork('services'), 2)];
        installing.done((await runtimes.ensure(name, series, installing, signal)).version);
        signal.throwIfAborted();
        settling.step('start');
        await put(name, (before) => ({ ...before, defaults: { ...before.defaults, [name]: series } }), signal);
        settling.done();
      }).change;
    },

    async pin(name, version) {
      const installed = runtimes.installed(name, version);
      if (installed === null)
        throw new KojiboxError('RUNTIME_MISSING', `cannot pin ${name} ${version}`, {
          detail: 'only what is installed can be pinned',
          source: 'runtime',
          remedy: `Install it with: koji runtime install ${name} ${version}`,
        });
      const key = `${name} ${installed.series}`;
      await put(
        name,
        (before) => ({ ...before, pins: { ...before.pins, [key]: installed.version } }),
        new AbortController().signal,
      );
    },

    async unpin(name, version) {
      const { pins } = choices.get();
      const key = Object.keys(pins).find(
        (one) => one === `${name} ${version}` || (one.startsWith(`${name} `) && pins[one] === version),
      );
      if (key === undefined)
        throw new KojiboxError('NOT_FOUND', `cannot unpin ${name} ${version}`, {
          detail: 'it is not pinned',
          source: 'runtime',
          remedy: 'See: koji runtime list',
        });
      await put(
        name,
        (before) => ({
          ...before,
          pins: Object.fromEntries(Object.entries(before.pins).filter(([one]) => one !== key)),
        }),
        new AbortController().signal,
      );
    },
  };
}

const UNSEEN = { step: () => undefined, bytes: () => undefined };
