/** Names, resolver and trust of the first run: with one password for all where it can be asked for, else skipped with the cure. */
import { KojiboxError } from '../../contract/errors.ts';
import type { FirstRunAnswers } from '../../contract/first-run.ts';
import type { PrivilegedGoal } from '../../contract/privileged.ts';
import type { ChangeContext, TaskReporter } from '../changes/changes.ts';
import type { Kojibox } from '../kojibox-types.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';
import { sayWork } from '../../contract/sentences/work.ts';

export type ConsentGoal = Extract<PrivilegedGoal, 'hosts' | 'resolver' | 'trust'>;

export interface SetupRights {
  /** How the daemon would ask; null: it cannot. */
  way(): string | null;
  /** A client asks afterwards. */
  readonly later: boolean;
  /** Those that are not reached yet, and that this user cannot reach without more rights. */
  missing(goals: readonly ConsentGoal[]): Promise<ConsentGoal[]>;
  /** Asks once for all of them. Rejects with what the system or the person said; then nothing changed. */
  reach(goals: readonly ConsentGoal[]): Promise<void>;
  hasResolver(): Promise<boolean>;
}

/** What does the same later. */
const CURES: Readonly<Record<ConsentGoal, Sentence>> = {
  hosts: saySystemChange('runInTerminal', { command: 'koji domains apply' }),
  resolver: saySystemChange('runInTerminal', { command: 'koji domains resolver on' }),
  trust: saySystemChange('runInTerminal', { command: 'koji trust' }),
};
const NO_RESOLVER = saySystemChange('noResolver');
const LATER = saySystemChange('askedLater');

export type ConsentTasks = ReadonlyMap<ConsentGoal, TaskReporter>;

export function consentTasks(answers: FirstRunAnswers, task: ChangeContext['task']): ConsentTasks {
  const tasks = new Map<ConsentGoal, TaskReporter>();
  if (answers.hosts) tasks.set('hosts', task('names', sayWork('names'), 1));
  if (answers.resolver) tasks.set('resolver', task('resolver', sayWork('wildcards'), 1));
  if (answers.trust) tasks.set('trust', task('trust', sayWork('trust'), 1));
  return tasks;
}

interface ConsentOptions {
  readonly kojibox: Pick<Kojibox, 'domains' | 'projects' | 'certificates' | 'applySites'>;
  readonly trust: { add(): Promise<void> };
  readonly rights: SetupRights;
  readonly context: Pick<ChangeContext, 'signal'>;
}

/** A refusal is no failure of the setup: it continues, and the task says what was refused and what helps. */
export async function applyConsents(tasks: ConsentTasks, options: ConsentOptions): Promise<void> {
  const { kojibox, rights, context } = options;
  const refusal = await askForAll(tasks, options);
  const direct: Readonly<Record<ConsentGoal, () => Promise<void>>> = {
    async hosts() {
      const all = [...kojibox.projects.list(), ...kojibox.domains.list()];
      await kojibox.domains.applyHosts(all.map(({ domain }) => domain));
      await kojibox.applySites();
    },
    resolver: () => Promise.resolve(), // Only the helper can.
    async trust() {
      await kojibox.certificates.ensureRoot();
      await options.trust.add();
    },
  };
  for (const [goal, task] of tasks) {
    context.signal.throwIfAborted();
    task.step('write');
    const denied = await direct[goal]().then(() => null, permissionDenied);
    const isMissing = (await rights.missing([goal])).length > 0;
    if (goal === 'resolver' && !(await rights.hasResolver())) task.skip(NO_RESOLVER);
    else if (denied === null && !isMissing) task.done();
    else if (rights.later && isMissing) task.skip(LATER);
    else task.skip(refusal === null ? (denied?.remedy ?? CURES[goal]) : `${refusal.message}. ${CURES[goal]}`);
  }
}

/** @returns why not, or null */
async function askForAll(tasks: ConsentTasks, { rights, context }: ConsentOptions): Promise<KojiboxError | null> {
  if (rights.way() === null) return null;
  const missing = await rights.missing([...tasks.keys()]);
  if (missing.length === 0) return null;
  for (const goal of missing) tasks.get(goal)?.step('ask-rights');
  // A dialog cannot be taken back from here; who cancels the setup does not wait for it.
  const cancelled = new Promise<never>((_resolve, reject) => {
    context.signal.addEventListener('abort', () => reject(context.signal.reason as Error), { once: true });
  });
  try {
    await Promise.race([rights.reach(missing), cancelled]);
    return null;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof KojiboxError) return error;
    throw error;
  }
}

function permissionDenied(error: unknown): KojiboxError {
  if (error instanceof KojiboxError && error.code === 'PERMISSION_DENIED') return error;
  throw error;
}
