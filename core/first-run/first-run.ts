/** The first run: answers are kept as they come, and put into effect by one change that can be begun again after anything. */
import { dirname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type { Change } from '../../contract/changes.ts';
import type { AppConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import {
  CHOOSABLE_SERVICES,
  FIRST_RUN_STEPS,
  FirstRunAnswersSchema,
  FirstRunStateSchema,
  type FirstRunAnswers,
  type FirstRunStatus,
  type FirstRunStep,
  type FoundProgram,
  type PortCheck,
} from '../../contract/first-run.ts';
import type { JsonStore } from '../config/json-store.ts';
import type { Imports } from '../importers/imports.ts';
import type { Kojibox } from '../kojibox-types.ts';
import { conflict } from '../ports/ports.ts';
import { isServable } from '../projects/servable.ts';
import { recipes } from '../recipes/index.ts';
import type { System } from '../system/system.ts';
import { applyAnswers } from './apply.ts';
import type { SetupRights } from './rights.ts';
import { findPrograms } from './found-programs.ts';
import { checkPorts, type CheckedPort } from './port-checks.ts';
import { downloadsOf, missingBytes, PRESETS } from './presets.ts';

export const FirstRunRecordSchema = z.object({
  state: FirstRunStateSchema,
  step: z.enum(FIRST_RUN_STEPS),
  /** What was answered and is not in effect yet. */
  answers: FirstRunAnswersSchema.partial(),
});
export type FirstRunRecord = z.infer<typeof FirstRunRecordSchema>;
/** Some of the answers; what is undefined was not answered. */
export type GivenAnswers = FirstRunRecord['answers'];

export interface FirstRun {
  status(): Promise<FirstRunStatus>;
  ports(): Promise<PortCheck[]>;
  programs(): Promise<FoundProgram[]>;
  /** Rejects with VALIDATION_FAILED, RUNTIME_UNSUPPORTED or PORT_CONFLICT; then nothing was kept. */
  answer(step: FirstRunStep | undefined, answers: GivenAnswers): Promise<FirstRunStatus>;
  /** @param rights who asks for administrator rights */
  apply(rights: 'daemon' | 'client'): Change;
  /** @param untouched true: only when no one answered yet */
  skip(untouched: boolean): Promise<void>;
}

export interface FirstRunOptions {
  readonly kojibox: Kojibox;
  readonly system: System;
  readonly imports: Imports;
  readonly store: JsonStore<FirstRunRecord>;
  readonly trust: { add(): Promise<void> };
  readonly rights: SetupRights;
  readonly homeDecidedBy: 'environment' | 'default';
  /** Port of the mail catcher; null when it does not listen. */
  mailPort(): number | null;
  changed(record: FirstRunRecord): void;
}

const NAMES: Readonly<Record<string, string>> = { postgres: 'PostgreSQL', mariadb: 'MariaDB', redis: 'Redis' };
const CHECKED_PORTS: readonly CheckedPort[] = [
  { key: 'edge.https', name: 'HTTPS', port: 443, fallback: 8443, choosable: false },
  { key: 'edge.http', name: 'HTTP', port: 80, fallback: 8080, choosable: false },
  ...['postgres', 'mariadb', 'redis'].flatMap((runtime) =>
    (recipes.get(runtime)?.ports ?? []).map(({ name, port }) => ({
      key: `${runtime}.${name}`,
      name: NAMES[runtime] ?? runtime,
      port,
      choosable: true,
    })),
  ),
  { key: 'mail.smtp', name: 'Mail', port: 1025, choosable: false },
];

/** @param fresh true: no one used this home before */
export const firstRecord = (fresh: boolean): FirstRunRecord => ({
  state: fresh ? 'new' : 'done',
  step: fresh ? 'place' : 'done',
  answers: {},
});

export function createFirstRun(options: FirstRunOptions): FirstRun {
  const { kojibox, system, store } = options;
  const { runtimes, supervisor, stores, layout, changes } = kojibox;

  const isEnabled = (id: string): boolean => kojibox.serviceSettings.get(id).enabled;
  /** How things are, where nothing was answered. */
  const present = async (): Promise<FirstRunAnswers> => {
    const app: AppConfig = stores.app.get();
    return {
      projectsFolder: app.projectsFolder,
      services: CHOOSABLE_SERVICES.filter(isEnabled),
      node: runtimes.installed('node') !== null,
      phpVersion: stores.runtimes.get().defaults['php'] ?? null,
      nodeVersion: stores.runtimes.get().defaults['node'] ?? null,
      ports: {},
      removeUnused: false,
      hosts: app.useHosts && (await kojibox.domains.canWriteHosts()),
      resolver: false,
      trust: false,
      imports: [],
    };
  };
  const answers = async (): Promise<FirstRunAnswers> => ({
    ...(await present()),
    ...(definedOf(store.get().answers) as Partial<FirstRunAnswers>),
  });

  const isOurs = (key: string, port: number): boolean => {
    const id = key.split('.')[0] ?? '';
    if (id === 'mail') return options.mailPort() === port;
    if (kojibox.ports.registry().assigned[key] !== port) return false;
    return supervisor.states().some((state) => state.id === id && state.state === 'running');
  };

  const keep = async (change: (record: FirstRunRecord) => FirstRunRecord): Promise<void> => {
    options.changed(await store.update(change));
  };

  const status: FirstRun['status'] = async () => {
    const record = store.get();
    const current = await answers();
    const downloads = downloadsOf(runtimes.list(new Map()));
    const folder = current.projectsFolder || layout.projects;
    return {
      state: record.state,
      step: record.step,
      answers: current,
      data: {
        folder: layout.home,
        freeBytes: await system.files.freeBytes(layout.home),
        decidedBy: options.homeDecidedBy,
        place: (await system.files.realPath(layout.home)) ?? layout.home,
        howToMove:
          'koji home move FOLDER moves it to another folder, now or later, and leaves a link; koji home move --back undoes that.',
      },
      projects: { folder, freeBytes: await system.files.freeBytes(folder) },
      presets: PRESETS.map(({ id, services, node }) => ({ id, services: [...services], node })),
      downloads,
      missingBytes: missingBytes(current, downloads),
      hostsWritable: await kojibox.domains.canWriteHosts(),
      resolverOffered: await options.rights.hasResolver(),
      rightsBy: options.rights.way(),
      // Its last word is said a moment before it ends.
      changeId: record.state === 'applying' ? (changes.running('firstRun.apply')?.change.id ?? null) : null,
    };
  };

  const invalid = (message: string, detail: string): KojiboxError =>
    new KojiboxError('VALIDATION_FAILED', message, { detail, source: 'config' });

  const checkFolder = async (folder: string): Promise<void> => {
    if (!isAbsolute(folder)) throw invalid('cannot keep projects there', `${folder} is not an absolute path`);
    let nearest = folder;
    while ((await system.files.realPath(nearest)) === null && nearest !== dirname(nearest)) nearest = dirname(nearest);
    const real = (await system.files.realPath(nearest)) ?? nearest;
    if ((await system.files.stat(real))?.type !== 'directory')
      throw invalid('cannot keep projects there', `${nearest} is not a folder`);
    if (!(await system.files.canWrite(real))) throw invalid('cannot keep projects there', `${nearest} is read-only`);
    if (!(await isServable(system, real)))
      throw invalid('cannot keep projects there', `the user of the services may not read ${nearest}`);
  };

  const checkPortChoice = async (ports: Readonly<Record<string, number>>): Promise<void> => {
    const chosen = Object.entries(ports);
    for (const [key, port] of chosen) {
      if (!CHECKED_PORTS.some((known) => known.key === key && known.choosable))
        throw invalid('cannot choose this port', `there is no port ${key} to choose`);
      if (chosen.some(([other, same]) => other !== key && same === port))
        throw invalid('cannot choose this port', `port ${port} is wanted twice`);
      if (!isOurs(key, port) && !(await system.network.canBind(port)).ok)
        throw await conflict(system.network, key, port);
    }
  };

  return {
    status,
    ports: async () =>
      checkPorts(CHECKED_PORTS, {
        network: system.network,
        assigned: kojibox.ports.registry().assigned,
        isOurs,
        chosen: (await answers()).ports,
      }),
    programs: () =>
      findPrograms({
        system,
        home: layout.home,
        available: (runtime) =>
          runtimes
            .list(new Map())
            .filter(({ name }) => name === runtime)
            .map(({ series }) => series),
        isOurs: (port) =>
          Object.entries(kojibox.ports.registry().assigned).some(([key, own]) => own === port && isOurs(key, port)),
      }),

    async answer(step, given) {
      if (given.projectsFolder !== undefined && given.projectsFolder !== '') await checkFolder(given.projectsFolder);
      for (const [name, version] of [
        ['php', given.phpVersion],
        ['node', given.nodeVersion],
      ] as const)
        if (version !== undefined && version !== null) runtimes.resolve(name, version);
      if (given.ports !== undefined) await checkPortChoice(given.ports);
      await keep((record) => ({
        state: record.state === 'applying' ? 'applying' : 'open',
        step: step ?? record.step,
        answers: { ...record.answers, ...definedOf(given) },
      }));
      return status();
    },

    apply(rights) {
      const running = changes.running('firstRun.apply');
      if (running !== undefined) return running.change;
      return changes.run('firstRun.apply', 'Setting up Kojibox', async (context) => {
        await keep((record) => ({ ...record, state: 'applying', step: 'install' }));
        try {
          await applyAnswers(await answers(), {
            ...options,
            rights: rights === 'daemon' ? options.rights : { ...options.rights, way: () => null, later: true },
            projectsFolder: (await answers()).projectsFolder,
            starterFolder: (stack) => join(layout.projects, `hello-${stack}`),
            context,
          });
        } catch (error) {
          // What was answered stays: it can be begun again.
          await keep((record) => ({ ...record, state: 'open', step: 'install' }));
          throw error;
        }
        await keep(() => ({ state: 'done', step: 'done', answers: {} }));
      }).change;
    },

    async skip(untouched) {
      const { state } = store.get();
      if (state === 'done' || state === 'skipped' || (untouched && state !== 'new')) return;
      await keep((record) => ({ ...record, state: 'skipped' }));
    },
  };
}

const definedOf = (answers: GivenAnswers): GivenAnswers =>
  Object.fromEntries(Object.entries(answers).filter(([, value]) => value !== undefined));
