/** Quiet before the data is moved: what can be brought up again is stopped, everything else is waited for. */
import { setTimeout as wait } from 'node:timers/promises';
import type { TaskReporter } from '../../core/changes/changes.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { EDGE_ID } from '../../core/stack/catalog.ts';

const LOOK_EVERY_MS = 500;
/** What is being brought up is stopped and brought up again at the end; for everything else a move waits. */
const RESUMED = ['stack.up', 'installer.start'] as const;

export interface Quiet {
  /** @returns whether the stack was being brought up */
  holdBack(): Promise<boolean>;
  waitForOthers(task: TaskReporter, signal: AbortSignal): Promise<void>;
  /** One that failed before is not asked to run at the new place. */
  runningIds(): string[];
  /** The edge first, so that no visitor meets a site whose databases are already gone. */
  stopServices(): Promise<void>;
}

export function createQuiet({ changes, supervisor }: Pick<Kojibox, 'changes' | 'supervisor'>): Quiet {
  const holdBack = async (): Promise<boolean> => {
    let found = false;
    for (const kind of RESUMED) {
      const running = changes.running(kind);
      if (running === undefined) continue;
      found = true;
      changes.cancel(running.change.id);
      await running.ended.catch(() => undefined); // It was told to end.
    }
    return found;
  };

  const waitForOthers = async (task: TaskReporter, signal: AbortSignal): Promise<void> => {
    for (;;) {
      // An update that waits, waits for us.
      const other = changes
        .list()
        .find(
          ({ status, kind, tasks }) =>
            status === 'running' && kind !== 'home.move' && !(kind === 'updater.apply' && tasks.at(0)?.step === 'wait'),
        );
      if (other === undefined) return;
      task.step('wait', `for: ${other.summary}`);
      await wait(LOOK_EVERY_MS, undefined, { signal });
    }
  };

  const runningIds = (): string[] =>
    supervisor.states().flatMap(({ id, state }) => (['running', 'starting'].includes(state) ? [id] : []));

  const stopServices = async (): Promise<void> => {
    if (supervisor.states().some(({ id }) => id === EDGE_ID)) await supervisor.stop(EDGE_ID);
    await supervisor.stopAll();
  };

  return { holdBack, waitForOthers, runningIds, stopServices };
}
