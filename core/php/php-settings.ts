/** Settings of each installed PHP: asked, tried with PHP itself, stored in the home, written into its php.ini, and taken back when it does not start. */
import type { ServiceEffect } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { ChangeOfPhpSettings, ExtensionDownload, PhpChoice, PhpSettings } from '../../contract/php.ts';
import type { InstalledRuntime } from '../../contract/runtimes.ts';
import type { JsonStore } from '../config/json-store.ts';
import { loadableExtensions, phpIniFile, renderPhpIni, standardValues, type PhpPlaces } from '../runtimes/php-ini.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { System } from '../system/system.ts';
import type { Change } from '../../contract/changes.ts';
import type { Changes, TaskReporter } from '../changes/changes.ts';
import { addableTo } from './extension-packages.ts';
import { compareNames } from '../compare-text.ts';
import { checkValue, DIRECTIVES, reservedBecause } from './directives.ts';
import { createPhpCheck, type PhpFacts } from './php-check.ts';

export type PhpChoices = Record<string, PhpChoice>;

export interface PhpSettingsStore {
  /** What is stored of a series. */
  choice(series: string): PhpChoice;
  /** The php.ini that a tree should have now. */
  file(tree: string, series: string): Promise<{ readonly path: string; readonly content: string }>;
}

export interface PhpSettingsWork {
  /** Rejects with RUNTIME_MISSING for a series that is not installed. */
  show(series: string | undefined): Promise<PhpSettings>;
  preview(change: ChangeOfPhpSettings): Promise<ServiceEffect>;
  /** Rejects with VALIDATION_FAILED, nothing changed, for what PHP does not take; with the error of a start that failed, the former settings back. */
  set(change: ChangeOfPhpSettings): Promise<PhpSettings>;
  /** Fetches extensions and puts them in use. Rejects with VALIDATION_FAILED for what cannot be had. */
  add(series: string, names: readonly string[]): Promise<Change>;
  /** What adding them would fetch and restart. Rejects as `add`. */
  previewAdd(series: string, names: readonly string[]): Promise<ExtensionDownload>;
  /** Takes out what was added. Rejects with VALIDATION_FAILED for what was not. */
  remove(series: string, names: readonly string[]): Promise<Change>;
  /** Remembers extensions that were installed with a series, so that its next version has them too. */
  keep(series: string, names: readonly string[]): Promise<void>;
}

const NONE: PhpChoice = { off: [], values: {} };

export function createPhpSettingsStore(options: {
  readonly system: System;
  readonly store: JsonStore<PhpChoices>;
  readonly places: PhpPlaces;
}): PhpSettingsStore {
  const choice: PhpSettingsStore['choice'] = (series) => options.store.get()[series] ?? NONE;
  return {
    choice,
    file: async (tree, series) => ({
      path: phpIniFile(tree),
      content: await renderPhpIni(
        options.system.files,
        { tree, finalTree: tree, series },
        options.places,
        choice(series),
      ),
    }),
  };
}

export function createPhpSettings(options: {
  readonly system: System;
  readonly runtimes: Runtimes;
  readonly supervisor: Supervisor;
  readonly store: JsonStore<PhpChoices>;
  readonly settings: PhpSettingsStore;
  readonly changes: Changes;
  readonly places: PhpPlaces;
  /** Folder for what is tried. */
  readonly temp: string;
}): PhpSettingsWork {
  const { system, runtimes, supervisor, store, settings } = options;
  const { files } = system;
  const check = createPhpCheck(system, options.temp);
  let queue: Promise<unknown> = Promise.resolve();

  const installedOf = (series: string | undefined): InstalledRuntime => {
    const installed = runtimes.installed('php', series);
    if (installed !== null) return installed;
    const wanted = series ?? runtimes.defaultSeries('php');
    throw new KojiboxError('RUNTIME_MISSING', `cannot read the settings of PHP ${wanted}`, {
      detail: `php ${wanted} is not installed`,
      source: 'php',
      remedy: `Install it with: koji runtime install php ${wanted}`,
    });
  };

  /** Services that run this very PHP. */
  const servicesOf = ({ version }: InstalledRuntime): string[] =>
    supervisor
      .states()
      .filter((state) => state.runtime === 'php' && state.version === version)
      .map(({ id }) => id);
  const upOf = (installed: InstalledRuntime): string[] =>
    servicesOf(installed).filter((id) => {
      const { desired, state } = supervisor.state(id);
      return desired === 'up' || state === 'running';
    });

  const show: PhpSettingsWork['show'] = async (wanted) => {
    const installed = installedOf(wanted);
    const { series, version } = installed;
    const tree = runtimes.treePath(installed);
    const [facts, standard, loadable] = await Promise.all([
      check.facts(tree, series),
      standardValues(files, tree, series),
      loadableExtensions(files, tree, series),
    ]);
    const { off, values, added = [] } = settings.choice(series);
    const standardOf = (name: string, fallback: string): string => {
      const checked = checkValue(name, standard.get(name) ?? fallback);
      return 'value' in checked ? checked.value : (standard.get(name) ?? fallback);
    };
    return {
      series,
      version,
      extensions: [
        ...facts.builtIn.map((name) => ({ name, state: 'built-in' as const })),
        ...loadable.map(({ name }) => ({
          name,
          state: off.includes(name) ? ('off' as const) : ('on' as const),
          ...(added.includes(name) ? { isAdded: true } : {}),
        })),
        ...missingOf(series, facts, loadable).map((name) => ({ name, state: 'available' as const })),
      ].sort((a, b) => compareNames(a.name, b.name)),
      directives: DIRECTIVES.map(({ name, type, description, min, max, fallback }) => ({
        name,
        type,
        description,
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        standard: standardOf(name, fallback),
        value: values[name] ?? standardOf(name, fallback),
      })),
      others: Object.entries(values)
        .filter(([name]) => !DIRECTIVES.some((directive) => directive.name === name))
        .map(([name, value]) => ({ name, value }))
        .sort((a, b) => compareNames(a.name, b.name)),
      services: servicesOf(installed),
    };
  };

  /** The choice after the change. Rejects with VALIDATION_FAILED and the name of what is wrong. */
  const plan = async (
    installed: InstalledRuntime,
    { extensions, values, reset }: ChangeOfPhpSettings,
  ): Promise<PhpChoice> => {
    const tree = runtimes.treePath(installed);
    const facts = await check.facts(tree, installed.series);
    const loadable = (await loadableExtensions(files, tree, installed.series)).map(({ name }) => name);
    const before = settings.choice(installed.series);
    for (const name of Object.keys(extensions))
      if (!loadable.includes(name)) throw notSwitchable(name, installed.series, facts, loadable);
    const checked = Object.entries(values).map(([name, text]): [string, string] => {
      const because = reservedBecause(name);
      if (because !== null) throw refused(name, `it cannot be set: ${because}`);
      if (!facts.directives.has(name))
        throw refused(name, `PHP ${installed.series} has no such directive${suggestion(name, facts)}`);
      const result = checkValue(name, text);
      if ('problem' in result) throw refused(name, `"${text}" is refused: it ${result.problem}`);
      return [name, result.value];
    });
    const kept = Object.entries(before.values).filter(([name]) => !reset.includes(name));
    return {
      ...before,
      off: [
        ...new Set([
          ...before.off.filter((name) => extensions[name] !== 'on'),
          ...Object.keys(extensions).filter((name) => extensions[name] === 'off'),
        ]),
      ].sort(),
      values: Object.fromEntries([...kept, ...checked]),
    };
  };

  const prove = async (installed: InstalledRuntime, choice: PhpChoice): Promise<string | null> => {
    const tree = runtimes.treePath(installed);
    const { series } = installed;
    const text = await renderPhpIni(files, { tree, finalTree: tree, series }, options.places, choice);
    return check.complaint(tree, series, text, choice.values);
  };

  /** Rejects with VALIDATION_FAILED that names the one part of the change which PHP does not take. */
  const assertProven = async (installed: InstalledRuntime, before: PhpChoice, next: PhpChoice): Promise<void> => {
    const complaint = await prove(installed, next);
    if (complaint === null) return;
    for (const name of next.off.filter((one) => !before.off.includes(one)))
      if ((await prove(installed, { ...before, off: [...before.off, name] })) !== null)
        throw refused(
          name,
          `it cannot be switched off: ${complaint}`,
          'Other extensions need it; switch those off too.',
        );
    for (const [name, value] of Object.entries(next.values).filter(([key, text]) => before.values[key] !== text))
      if ((await prove(installed, { ...before, values: { ...before.values, [name]: value } })) !== null)
        throw refused(name, `"${value}" is refused by PHP: ${complaint}`);
    throw refused('settings', `PHP refuses them together: ${complaint}`);
  };

  const put = async (installed: InstalledRuntime, choice: PhpChoice): Promise<void> => {
    await store.update((all) => ({ ...all, [installed.series]: choice }));
    const { path, content } = await settings.file(runtimes.treePath(installed), installed.series);
    await files.writeAtomic(path, content, { mode: 0o644 });
  };

  const restartAll = async (ids: readonly string[]): Promise<void> => {
    const results = await Promise.allSettled(ids.map((id) => supervisor.restart(id)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };

  const set: PhpSettingsWork['set'] = async (change) => {
    const installed = installedOf(change.series);
    const before = settings.choice(installed.series);
    const next = await plan(installed, change);
    if (isSame(before, next)) return show(installed.series);
    await assertProven(installed, before, next);
    const restarts = upOf(installed);
    try {
      await put(installed, next);
      await restartAll(restarts);
    } catch (cause) {
      await put(installed, before);
      // The error that counts is the first one; the state of the service shows the rest.
      await restartAll(restarts).catch(() => undefined);
      throw withFormerSettings(cause, installed.series, changedNames(before, next));
    }
    return show(installed.series);
  };

  /** Rejects with VALIDATION_FAILED for a tree that does not have these extensions, still has one of `gone`, or does not start so. */
  const proveTree = async (
    series: string,
    names: readonly string[],
    gone: readonly string[],
    tree: string,
  ): Promise<void> => {
    check.forget(tree);
    const found = (await loadableExtensions(files, tree, series)).map(({ name }) => name);
    const lost = names.filter((name) => !found.includes(name));
    if (lost.length > 0) throw refused(lost.join(', '), 'its package does not have it', NOTHING_CHANGED);
    const stays = gone.filter((name) => found.includes(name));
    if (stays.length > 0) throw refused(stays.join(', '), 'another extension that was added needs it', NOTHING_CHANGED);
    const choice = settings.choice(series);
    const text = await renderPhpIni(files, { tree, finalTree: tree, series }, options.places, choice);
    const complaint = await check.complaint(tree, series, text, choice.values);
    if (complaint !== null)
      throw refused([...names, ...gone].join(', '), `PHP refuses it: ${complaint}`, NOTHING_CHANGED);
  };

  /** Puts a tree with exactly these extensions in place of the one that is in use. */
  const exchangeExtensions = async (
    installed: InstalledRuntime,
    resultOf: (before: readonly string[]) => readonly string[],
    reporter: TaskReporter,
    signal: AbortSignal,
  ): Promise<void> => {
    const { series } = installed;
    const before = settings.choice(series).added ?? [];
    const after = [...new Set(resultOf(before))].sort();
    const restarts = upOf(installed);
    const use = async (next: readonly string[], former: readonly string[], until: AbortSignal): Promise<void> => {
      const wanted = next.filter((name) => !former.includes(name));
      const gone = former.filter((name) => !next.includes(name));
      const replacing = { prove: (tree: string): Promise<void> => proveTree(series, wanted, gone, tree) };
      await runtimes.extend(series, next, replacing, reporter, until);
      await store.update((all) => {
        const choice = settings.choice(series);
        const off = choice.off.filter((name) => !gone.includes(name));
        return { ...all, [series]: { ...choice, off, added: [...next] } };
      });
      reporter.step('start');
      await restartAll(restarts);
    };
    try {
      await use(after, before, signal);
    } catch (error) {
      check.forget(runtimes.treePath(installed));
      // What does not start goes out again; its packages are in the cache. The error that counts is the first one.
      const isInUse = (settings.choice(series).added ?? []).length !== before.length;
      if (isInUse)
        await use(before, after, new AbortController().signal).catch((failure: unknown) => report(series, failure));
      throw error;
    }
  };
  const report = (series: string, failure: unknown): void =>
    system.log.error('cannot bring back the former extensions of PHP', { series, error: String(failure) });

  /** Rejects with VALIDATION_FAILED for what cannot be added. */
  const assertAddable = async (installed: InstalledRuntime, names: readonly string[]): Promise<void> => {
    const { series } = installed;
    const tree = runtimes.treePath(installed);
    const facts = await check.facts(tree, series);
    const available = missingOf(series, facts, await loadableExtensions(files, tree, series));
    for (const name of names)
      if (!available.includes(name))
        throw refused(
          name,
          `PHP ${series} has it already, or no package has it; these can be added: ${available.join(', ')}`,
          NOTHING_CHANGED,
        );
  };
  const runExchange = (
    kind: 'php.addExtensions' | 'php.removeExtensions',
    summary: string,
    installed: InstalledRuntime,
    names: readonly string[],
    resultOf: (before: readonly string[]) => readonly string[],
  ): Change =>
    options.changes.run(kind, summary, async ({ task, signal }) => {
      const reporter = task('php', `PHP ${installed.series}`);
      const mine = queue.then(() => exchangeExtensions(installed, resultOf, reporter, signal));
      queue = mine.catch(() => undefined);
      await mine;
      reporter.done(names.join(', '));
    }).change;

  return {
    show,
    async previewAdd(wanted, names) {
      const installed = installedOf(wanted);
      await assertAddable(installed, names);
      const { series } = installed;
      const extensions = [...(settings.choice(series).added ?? []), ...names];
      return {
        downloadBytes: await runtimes.extensionBytes(series, extensions, new AbortController().signal),
        restarts: upOf(installed).flatMap((id) => supervisor.withDependents(id)),
      };
    },
    async add(wanted, names) {
      const installed = installedOf(wanted);
      await queue; // An undo of a removal asks while that is still under way.
      await assertAddable(installed, names);
      const summary = `Adding ${names.join(', ')} to PHP ${installed.series}`;
      return runExchange('php.addExtensions', summary, installed, names, (before) => [...before, ...names]);
    },
    async remove(wanted, names) {
      const installed = installedOf(wanted);
      await queue;
      const { added = [] } = settings.choice(installed.series);
      for (const name of names)
        if (!added.includes(name))
          throw refused(
            name,
            `it was not added to PHP ${installed.series}; these were: ${added.join(', ') || '–'}`,
            NOTHING_CHANGED,
          );
      const summary = `Removing ${names.join(', ')} from PHP ${installed.series}`;
      return runExchange('php.removeExtensions', summary, installed, names, (before) =>
        before.filter((name) => !names.includes(name)),
      );
    },
    keep: async (series, names) => {
      const added = [...new Set([...(settings.choice(series).added ?? []), ...names])].sort();
      await store.update((all) => ({ ...all, [series]: { ...settings.choice(series), added } }));
    },
    async preview(change) {
      const installed = installedOf(change.series);
      const next = await plan(installed, change);
      const restarts = isSame(settings.choice(installed.series), next)
        ? []
        : upOf(installed).flatMap((id) => supervisor.withDependents(id));
      return { restarts, starts: [], stops: [] };
    },
    set(change) {
      // One after another: two changes at the same time would each prove a state that the other has left.
      const mine = queue.then(() => set(change));
      queue = mine.catch(() => undefined);
      return mine;
    },
  };
}

const NOTHING_CHANGED = 'Nothing was changed. See: koji ini show';

/** What can be added and is not here. */
const missingOf = (series: string, { builtIn }: PhpFacts, loadable: readonly { readonly name: string }[]): string[] =>
  addableTo(series).filter((name) => !builtIn.includes(name) && loadable.every((one) => one.name !== name));

const isSame = (a: PhpChoice, b: PhpChoice): boolean => changedNames(a, b).length === 0;

function changedNames(before: PhpChoice, next: PhpChoice): string[] {
  const switched = [...new Set([...before.off, ...next.off])].filter(
    (name) => before.off.includes(name) !== next.off.includes(name),
  );
  const names = [...new Set([...Object.keys(before.values), ...Object.keys(next.values)])];
  return [...switched, ...names.filter((name) => before.values[name] !== next.values[name])];
}

const refused = (name: string, detail: string, remedy = 'Nothing was changed. See: koji ini show'): KojiboxError =>
  new KojiboxError('VALIDATION_FAILED', `cannot change ${name}`, {
    detail: `${name}: ${detail}`,
    source: 'php',
    remedy,
  });

function notSwitchable(name: string, series: string, facts: PhpFacts, loadable: readonly string[]): KojiboxError {
  if (facts.builtIn.includes(name)) return refused(name, `it is built into PHP ${series} and cannot be switched`);
  if (name === 'xdebug')
    return refused(
      name,
      'it is switched per project',
      'Switch it on for a project: koji project set ID --overrides XDEBUG=on',
    );
  if (addableTo(series).includes(name))
    return refused(name, `it is not here yet`, `Add it with: koji ini add ${series} ${name}`);
  return refused(name, `PHP ${series} has no such extension; there are ${loadable.join(', ')}`);
}

/** The nearest known name by shared pairs of letters; for typing errors. */
function suggestion(name: string, { directives }: PhpFacts): string {
  const pairs = (text: string): string[] => [...text].slice(1).map((letter, index) => `${text[index] ?? ''}${letter}`);
  const wanted = new Set(pairs(name.toLowerCase()));
  const score = (candidate: string): number => {
    const own = pairs(candidate.toLowerCase());
    return (2 * own.filter((pair) => wanted.has(pair)).length) / (own.length + wanted.size);
  };
  const best = [...directives]
    .map((candidate) => [candidate, score(candidate)] as const)
    .sort((a, b) => b[1] - a[1])[0];
  return best !== undefined && best[1] > 0.6 ? `; did you mean ${best[0]}?` : '';
}

function withFormerSettings(cause: unknown, series: string, names: readonly string[]): KojiboxError {
  const known =
    cause instanceof KojiboxError
      ? cause
      : new KojiboxError('START_FAILED', `cannot start PHP ${series}`, { detail: String(cause), source: 'php' });
  return new KojiboxError(known.code, `cannot use the new settings of PHP ${series}`, {
    detail: `${names.join(', ')}: ${known.message}: ${known.detail}`,
    source: 'php',
    remedy: 'The former settings are back in use. Correct the value of what is named in the detail.',
    cause,
  });
}
