/** Runs slow operations as changes: tasks with progress, an estimate, cancellation, and one published picture at most every 100 ms. */
import { KojiboxError } from '../../contract/errors.ts';
import type { Change, ChangeKind, ChangeTask, Step } from '../../contract/changes.ts';
import { timestamp, type Clock } from '../system/clock.ts';
import { SpeedMeter } from './speed-meter.ts';

const PUBLISH_EVERY_MS = 100;
const KEPT_CHANGES = 50;

/** What the work of a change may say of one of its tasks. */
export interface TaskReporter {
  step(step: Step, detail?: string): void;
  bytes(done: number, total: number | null): void;
  done(detail?: string): void;
  skip(detail: string): void;
  fail(detail: string): void;
}

export interface ChangeContext {
  readonly signal: AbortSignal;
  /** Adds a task; `weight` is its share of the whole (default 1). */
  task(id: string, label: string, weight?: number): TaskReporter;
}

export interface RunningChange {
  readonly change: Change;
  /** Settles with the change's end; rejects with its KojiboxError. */
  readonly ended: Promise<Change>;
}

export interface Changes {
  run(kind: ChangeKind, summary: string, work: (context: ChangeContext) => Promise<void>): RunningChange;
  list(): Change[];
  get(id: string): Change;
  cancel(id: string): Change;
  /** Settles with the end of this change; rejects with its error, or NOT_FOUND. */
  ended(id: string): Promise<Change>;
  /** Running change of this kind, to join instead of beginning a second one. */
  running(kind: ChangeKind): RunningChange | undefined;
}

interface Entry extends RunningChange {
  change: Change;
  ended: Promise<Change>;
  readonly abort: AbortController;
}

type MutableTask = { -readonly [K in keyof ChangeTask]: ChangeTask[K] };

export function createChanges(options: {
  readonly clock: Clock;
  publish(change: Change): void;
  toError(error: unknown): KojiboxError;
}): Changes {
  const { clock, publish, toError } = options;
  const entries = new Map<string, Entry>();
  let nextId = 1;

  const find = (id: string): Entry => {
    const entry = entries.get(id);
    if (entry === undefined)
      throw new KojiboxError('NOT_FOUND', `there is no change "${id}"`, {
        detail: 'it may have ended long ago',
        source: 'changes',
      });
    return entry;
  };

  const run: Changes['run'] = (kind, summary, work) => {
    const began = clock.monotonic();
    const abort = new AbortController();
    const tasks: { task: MutableTask; weight: number; began: number; meter: SpeedMeter }[] = [];
    const change: { -readonly [K in keyof Change]: Change[K] } = {
      id: `${kind.replace('.', '-')}-${nextId++}`,
      kind,
      summary,
      status: 'running',
      progress: 0,
      remainingMs: null,
      tasks: [],
      startedAt: timestamp(clock),
      endedAt: null,
      error: null,
    };

    const entry: Entry = { change: { ...change }, ended: Promise.resolve(change), abort };

    const refresh = (): void => {
      const total = tasks.reduce((sum, { weight }) => sum + weight, 0);
      const done = tasks.reduce((sum, { task, weight }) => sum + weight * fractionOf(task), 0);
      change.progress = change.status === 'done' ? 1 : total === 0 ? 0 : Math.min(0.999, done / total);
      const elapsed = clock.monotonic() - began;
      change.remainingMs =
        change.status !== 'running' || change.progress < 0.03
          ? null
          : Math.round((elapsed * (1 - change.progress)) / change.progress);
      for (const { task, meter } of tasks)
        task.bytesPerSecond = task.status === 'running' ? meter.rate(clock.monotonic()) : 0;
      change.tasks = tasks.map(({ task }) => ({ ...task }));
      entry.change = { ...change };
    };

    let cancelTimer: (() => void) | undefined;
    const publishNow = (): void => {
      cancelTimer?.();
      cancelTimer = undefined;
      refresh();
      publish(entry.change);
    };
    const publishSoon = (): void => {
      cancelTimer ??= clock.after(PUBLISH_EVERY_MS, publishNow);
    };

    const context: ChangeContext = {
      signal: abort.signal,
      task(id, label, weight = 1) {
        const task: MutableTask = {
          id,
          label,
          status: 'waiting',
          step: 'waiting',
          doneBytes: 0,
          totalBytes: null,
          bytesPerSecond: 0,
          durationMs: null,
          detail: '',
        };
        const item = { task, weight, began: clock.monotonic(), meter: new SpeedMeter() };
        tasks.push(item);
        publishSoon();
        // What was under way beside the one that failed may go on for a moment; the change has ended for everybody.
        const isOver = (): boolean => change.status !== 'running';
        const end = (status: 'done' | 'skipped' | 'failed', detail: string): void => {
          if (isOver()) return;
          Object.assign(task, { status, detail, step: status, durationMs: Math.round(clock.monotonic() - item.began) });
          publishSoon();
        };
        return {
          step(step, detail = '') {
            if (isOver()) return;
            if (task.status === 'waiting') item.began = clock.monotonic();
            Object.assign(task, { status: 'running', step, detail });
            publishSoon();
          },
          bytes(done, totalBytes) {
            if (isOver()) return;
            item.meter.add(clock.monotonic(), done);
            Object.assign(task, { doneBytes: done, totalBytes });
            publishSoon();
          },
          done: (detail = task.detail) => end('done', detail),
          skip: (detail) => end('skipped', detail),
          fail: (detail) => end('failed', detail),
        };
      },
    };

    const finish = (status: Change['status'], error: KojiboxError | null): void => {
      // Nothing turns on in a change that has ended: what was not finished failed with it, or was left when something else did.
      const isTold = tasks.some(({ task }) => task.status === 'failed');
      const end = status === 'done' ? 'done' : status === 'failed' && !isTold ? 'failed' : 'skipped';
      for (const { task } of tasks) if (task.status === 'running') Object.assign(task, { status: end, step: end });
      change.status = status;
      change.endedAt = timestamp(clock);
      change.error = error === null ? null : error.toBody(change.endedAt);
      publishNow();
    };

    entry.ended = (async (): Promise<Change> => {
      await Promise.resolve(); // Lets the caller see the change before its first event.
      try {
        await work(context);
        finish('done', null);
        return entry.change;
      } catch (cause) {
        const error = abort.signal.aborted
          ? new KojiboxError('CANCELLED', `${summary} was cancelled`, { source: 'changes' })
          : toError(cause);
        finish(abort.signal.aborted ? 'cancelled' : 'failed', error);
        throw error;
      }
    })();
    entry.ended.catch(() => undefined); // Callers that only look at events need not wait; the error is in the change.
    entries.set(change.id, entry);
    forgetOld(entries);
    return entry;
  };

  return {
    run,
    list: () => [...entries.values()].map((entry) => entry.change),
    get: (id) => find(id).change,
    ended: async (id) => find(id).ended,
    cancel(id) {
      const entry = find(id);
      entry.abort.abort(new KojiboxError('CANCELLED', 'it was cancelled', { source: 'changes' }));
      return entry.change;
    },
    running: (kind) => [...entries.values()].find(({ change }) => change.kind === kind && change.status === 'running'),
  };
}

/** Share of a task that is done: bytes are 80 % of an install, what follows the fetch is the rest. */
function fractionOf(task: ChangeTask): number {
  if (task.status === 'waiting') return 0;
  if (task.status !== 'running') return 1;
  const fetched = task.totalBytes === null || task.totalBytes === 0 ? 0 : Math.min(1, task.doneBytes / task.totalBytes);
  return task.totalBytes === null ? 0.1 : 0.05 + 0.75 * fetched;
}

function forgetOld(entries: Map<string, Entry>): void {
  for (const [id, { change }] of entries) {
    if (entries.size <= KEPT_CHANGES) return;
    if (change.status !== 'running') entries.delete(id);
  }
}
