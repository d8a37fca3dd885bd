/** Changes of the installer and the updater, as the event that the given contract has for them. */
import type { Change } from '../../contract/changes.ts';
import { progressAt, UPDATE_STEPS, type UpdateStep } from './journal.ts';

const isStep = (step: string): step is UpdateStep => (UPDATE_STEPS as readonly string[]).includes(step);

/** Null for all other changes. */
export function updateProgressOf(change: Change): { phase: string; progress: number } | null {
  const { kind, status, progress } = change;
  if (kind === 'installer.start') return { phase: status === 'running' ? 'installing' : status, progress };
  if (kind !== 'updater.apply') return null;
  if (status !== 'running') return { phase: status, progress };
  const step = change.tasks[0]?.step ?? '';
  return { phase: step, progress: step !== 'fetch' && isStep(step) ? progressAt(step) : progress };
}
