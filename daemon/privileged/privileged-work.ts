/** Reaching goals that need more rights: by the daemon itself, or by a client with a terminal in two calls. */
import type { PrivilegedGoal, PrivilegedOrderSchema, PrivilegedPlan } from '../../contract/privileged.ts';
import type { SystemChange } from '../../contract/system-changes.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { readOutcome } from '../../core/privileged/outcome.ts';
import type { PrivilegedResult } from '../../core/privileged/request.ts';
import type { Step, SystemWork } from '../../core/privileged/system-work.ts';
import type { Ledger } from '../../core/ledger/ledger.ts';
import type { z } from 'zod';
import type { Privileges } from './privileges.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';

export interface Goal {
  readonly goal: PrivilegedGoal;
  readonly id?: string | undefined;
  /** More of them, for one password together. */
  readonly also?: readonly Exclude<PrivilegedGoal, 'undo'>[] | undefined;
}
type Order = z.output<typeof PrivilegedOrderSchema>;

export interface PrivilegedWork {
  plan(goal: Goal): Promise<PrivilegedPlan>;
  /** How the daemon itself would ask for the rights; null: it cannot. */
  way(): string | null;
  /** Does nothing when nothing needs more rights. Rejects with PERMISSION_DENIED or CANCELLED, and then nothing changed. */
  apply(goal: Goal): Promise<SystemChange[]>;
  begin(goal: Goal, interactive: boolean): Promise<Order>;
  finish(
    goal: Goal,
    ids: readonly string[],
    ending: { exitCode: number | null; stdout: string; stderr: string; interactive: boolean },
  ): Promise<SystemChange[]>;
}

export function createPrivilegedWork(options: {
  readonly work: SystemWork;
  readonly ledger: Ledger;
  readonly privileges: Privileges;
  readonly isRoot: boolean;
  /** Makes what the goal needs and this home does not have yet: the local authority, a port. */
  prepare(goal: PrivilegedGoal): Promise<void>;
  /** The goal is reached: sites may have better links now. */
  reached(goal: PrivilegedGoal): Promise<void>;
}): PrivilegedWork {
  const { work, ledger, privileges } = options;

  const stepsOf = async ({ goal, id, also = [] }: Goal): Promise<Step[]> => {
    const steps = goal === 'undo' ? await undoSteps(id) : [];
    for (const one of new Set([goal, ...also])) {
      if (one === 'undo') continue;
      await options.prepare(one);
      steps.push(...(await work.steps(one)));
    }
    return steps;
  };
  const undoSteps = async (id: string | undefined): Promise<Step[]> => {
    const open = ledger.list().filter((change) => change.undoneAt === null && (id === undefined || change.id === id));
    if (id !== undefined && open.length === 0)
      throw new KojiboxError('NOT_FOUND', `there is no change "${id}" to undo`, {
        detail: 'see koji ledger',
        source: 'privileged',
      });
    const steps = await Promise.all([...open].reverse().map((change) => work.undoStep(change)));
    return steps.filter((step) => step !== null);
  };
  const intend = async (steps: readonly Step[]): Promise<string[]> => {
    const ids: string[] = [];
    for (const { entry } of steps) ids.push(await ledger.intend(entry));
    return ids;
  };
  /** Looks at the machine: what is not there is no change of it. */
  const settle = async (goal: PrivilegedGoal, ids: readonly string[]): Promise<SystemChange[]> => {
    for (const id of ids) {
      const change = ledger.list().find((other) => other.id === id && other.undoneAt === null);
      if (change !== undefined && !(await work.isThere(change)))
        await ledger.settle(id, goal === 'undo' ? 'undone' : 'absent');
    }
    return ledger.list().filter(({ id }) => ids.includes(id));
  };
  const assertDone = (results: readonly PrivilegedResult[]): void => {
    const failed = results.filter(({ status }) => status !== 'changed' && status !== 'unchanged');
    if (failed.length === 0) return;
    throw new KojiboxError(
      failed.some(({ verb }) => verb.startsWith('trust.')) ? 'CERTIFICATE_FAILED' : 'PERMISSION_DENIED',
      saySystemChange('helperFailed'),
      { detail: failed.map(({ verb, message }) => `${verb}: ${message}`).join('; '), source: 'privileged' },
    );
  };
  const reached = async ({ goal, also = [] }: Goal): Promise<void> => {
    for (const one of new Set([goal, ...also])) await options.reached(one);
  };
  const byHandOf = (steps: readonly Step[]): string[] => steps.map(({ byHand }) => byHand);
  const actionsOf = (steps: readonly Step[]): Step['action'][] => steps.map(({ action }) => action);

  return {
    way: () => privileges.way(),
    async plan(goal) {
      const steps = await stepsOf(goal);
      return {
        sentences: steps.map(({ sentence }) => sentence),
        way: privileges.way(),
        byHand: byHandOf(steps),
      };
    },

    async apply(goal) {
      const steps = await stepsOf(goal);
      if (steps.length === 0) return [];
      const ids = await intend(steps);
      let results: PrivilegedResult[];
      try {
        results = await privileges.run(actionsOf(steps), byHandOf(steps));
      } catch (error) {
        // No one answered yet, but may still do so: then the entry is what is left of it.
        if (!(error instanceof KojiboxError && error.code === 'UNAVAILABLE')) await settle(goal.goal, ids);
        throw error;
      }
      const entries = await settle(goal.goal, ids);
      assertDone(results);
      await reached(goal);
      return entries;
    },

    async begin(goal, interactive) {
      const steps = await stepsOf(goal);
      const elevation = steps.length === 0 ? null : privileges.forTerminal(actionsOf(steps), interactive);
      return {
        sentences: steps.map(({ sentence }) => sentence),
        command: elevation === null ? null : [...elevation.command],
        input: elevation?.input ?? '',
        ids: elevation === null ? [] : await intend(steps),
        byHand: byHandOf(steps),
      };
    },

    async finish(goal, ids, ending) {
      const entries = await settle(goal.goal, ids);
      const way = options.isRoot ? 'root' : ending.interactive ? 'sudo' : 'sudo-without-asking';
      assertDone(readOutcome({ way }, ending, [], byHandOf(await stepsOf({ ...goal, id: undefined }))));
      await reached(goal);
      return entries;
    },
  };
}
