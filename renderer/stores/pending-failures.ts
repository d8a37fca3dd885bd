/** Which failed changes are still news, and how one is tried again. Pure. */
import type { Change, ChangeKind } from '../../contract/changes.ts';
import type { OperationName } from '../../contract/index.ts';

/** A call that began a change, as this window sent it. */
export interface Begun {
  readonly name: OperationName;
  readonly params: object;
}

/** What it was about: a later success of the same makes a failure old. */
const subjectOf = ({ kind, summary }: Change): string => `${kind} ${summary}`;

/** Failed changes, newest first; without those that a later success of the same work has made good. */
export function pendingFailures(changes: readonly Change[]): Change[] {
  const inOrder = [...changes].sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
  const pending = new Map<string, Change>();
  for (const change of inOrder) {
    if (change.status === 'failed') {
      // The same failure twice is one item, with its newest reason.
      pending.delete(subjectOf(change));
      pending.set(subjectOf(change), change);
    } else if (change.status === 'done') pending.delete(subjectOf(change));
  }
  return [...pending.values()].reverse();
}

/** Work that may simply be begun once more. What holds a password, or replaces data, is asked for in its own dialog. */
const AGAIN: ReadonlySet<ChangeKind> = new Set([
  'stack.up',
  'stack.down',
  'installer.start',
  'runtime.install',
  'php.addExtensions',
  'php.removeExtensions',
  'runtime.use',
  'projects.create',
  'imports.apply',
  'databases.export',
  'databases.snapshot',
  'packs.create',
]);
const WITHOUT_PARAMETERS: ReadonlySet<ChangeKind> = new Set(['stack.up', 'stack.down', 'installer.start']);

/** @returns null when it cannot be tried again from here */
export function retryOf(change: Change, begun: Begun | undefined): Begun | null {
  const kind = change.kind as ChangeKind;
  if (change.error?.retryable === false && kind !== 'stack.up') return null;
  if (WITHOUT_PARAMETERS.has(kind)) return { name: kind, params: {} };
  return AGAIN.has(kind) && begun?.name === kind ? begun : null;
}
