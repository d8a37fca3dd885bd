/**
 * The daemon's half of a move: while everything runs it copies, then it stops the services, copies what changed meanwhile and compares all of
 * it; only then it makes room for the program that switches. Until that moment it can be cancelled.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { KojiboxError } from '../../contract/errors.ts';
import { movePathsOf } from '../../contract/home.ts';
import type { HomeStatus } from '../../contract/home-move.ts';
import type { ChangeContext, TaskReporter } from '../../core/changes/changes.ts';
import { resumeMoveAs, servicesAreDown, type MoveJournal, type MoveStep } from '../../core/home/journal.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import { acquireLock, type DaemonLock } from '../daemon-lock.ts';
import { isAbandoned, startOutliving } from '../handover/outliving.ts';
import { keepProjectAddresses } from './address.ts';
import { findDifference, type CompareOptions } from './compare-trees.ts';
import { mirrorTree, momentAt, type MirrorOptions } from './mirror-tree.ts';
import { concludeMove, readHomeRecord, readMove, writeMove } from './move-files.ts';
import { discardMove, ownerIdOf, toBody } from './move-run.ts';
import { partialOf, type PlannedMove } from './plan-move.ts';
import { createQuiet } from './quiet.ts';

const LOOK_EVERY_MS = 500;
export interface MoveWorkOptions {
  readonly system: System;
  readonly kojibox: Kojibox;
  /** Node and the command line, by addresses that outlast the move. */
  readonly starter: readonly string[];
  /** dist/mover/main.mjs */
  readonly mover: string;
  readonly healthDeadlineMs: number;
  /** Whether this daemon is ending. */
  isEnding(): boolean;
}

interface Running {
  readonly total: number;
  readonly task: TaskReporter;
  readonly signal: AbortSignal;
}

export interface MoveWork {
  /** Throws HOME_MOVE_RUNNING or UPDATE_RUNNING. */
  assertFree(): void;
  /** Begins the change; throws as `assertFree` does. */
  begin(planned: PlannedMove): { moveId: string; changeId: string };
  /** Of this daemon; null when it was begun by another one. */
  changeOf(moveId: string): string | null;
  servicesOf(moveId: string): HomeStatus['services'];
  /** At the start of the daemon: shows a move that goes on, and undoes or goes on with one that was left behind. Resolves when none runs any more. */
  recover(): Promise<void>;
}

export function createMoveWork({
  system,
  kojibox,
  starter,
  mover,
  healthDeadlineMs,
  isEnding,
}: MoveWorkOptions): MoveWork {
  const { changes, supervisor, layout, stack } = kojibox;
  const quiet = createQuiet(kojibox);
  const { home } = layout;
  const paths = movePathsOf(home);
  const shownBy = new Map<string, string>();
  const services = new Map<string, HomeStatus['services']>();

  const begin: MoveWork['begin'] = (planned) => {
    assertFree();
    const lock = acquireLock(paths.lock);
    if (lock === null) throw alreadyRunning();
    let journal: MoveJournal;
    try {
      journal = {
        schemaVersion: 1,
        id: `move-${randomBytes(4).toString('hex')}`,
        home,
        from: planned.from,
        to: planned.to,
        method: planned.method,
        step: 'check',
        services: [],
        stackUp: false,
        comparedAtMs: 0,
        syncedAtMs: 0,
        starter: [...starter],
        healthDeadlineMs,
        switched: false,
        error: null,
      };
      writeMove(journal);
    } catch (error) {
      lock.release();
      throw error;
    }
    const { change } = changes.run('home.move', `Moving the data to ${planned.to}`, (context) =>
      work(journal, planned, lock, context),
    );
    shownBy.set(journal.id, change.id);
    return { moveId: journal.id, changeId: change.id };
  };

  const alreadyRunning = (): KojiboxError =>
    new KojiboxError('HOME_MOVE_RUNNING', 'cannot move the data now', {
      detail: `it is being moved to ${readMove(home)?.to ?? 'another place'} already`,
      source: 'home',
    });

  const assertFree = (): void => {
    if (readMove(home) !== null) throw alreadyRunning();
    if (changes.running('updater.apply') === undefined) return;
    throw new KojiboxError('UPDATE_RUNNING', 'cannot move the data now', {
      detail: 'Kojibox is being updated',
      source: 'home',
    });
  };

  const work = async (
    begun: MoveJournal,
    planned: PlannedMove,
    lock: DaemonLock,
    { task: addTask, signal }: ChangeContext,
  ): Promise<void> => {
    let journal = begun;
    let copyBeganMs = 0;
    const task = addTask('data', 'Data');
    const running: Running = { total: planned.sizeBytes, task, signal };
    const holds: (() => void)[] = [];
    const enter = (step: MoveStep, also: Partial<MoveJournal> = {}): void => {
      signal.throwIfAborted();
      journal = { ...journal, ...also, step };
      writeMove(journal);
      task.step(step);
    };
    try {
      task.step('check');
      await keepProjectAddresses(kojibox, planned.from);
      enter('wait', { stackUp: await quiet.holdBack() });
      await quiet.waitForOthers(task, signal);
      if (journal.method === 'copy') {
        enter('copy');
        copyBeganMs = await momentAt(journal.from);
        await copy(journal, { changedSinceMs: Infinity, comparesBytes: false }, running);
        enter('wait');
        await quiet.waitForOthers(task, signal);
      }
      enter('stop', { services: quiet.runningIds() });
      for (const { id } of supervisor.states()) holds.push(kojibox.dataHold.take(id));
      await quiet.stopServices();
      const compared = await momentAt(journal.from);
      if (journal.method === 'copy') {
        enter('verify', { comparedAtMs: compared });
        // What changed after the first copy had begun is copied again, however alike it looks; all else is compared.
        const copied = await copy(journal, { changedSinceMs: copyBeganMs, comparesBytes: true }, running);
        await compare(journal, copied, running);
      }
      enter('hand-over', { comparedAtMs: compared });
    } catch (error) {
      task.fail(error instanceof Error ? error.message : String(error));
      await undo({ ...journal, error: signal.aborted ? null : toBody(error, journal.to) }, holds);
      lock.release();
      throw signal.aborted ? error : KojiboxError.fromBody(toBody(error, journal.to));
    }
    // From here on it cannot be cancelled: the program that switches owns the journal.
    lock.release();
    startMover();
    await follow(journal, task, holds);
  };

  const copy = async (
    { from, to }: MoveJournal,
    how: Pick<MirrorOptions, 'changedSinceMs' | 'comparesBytes'>,
    { total, task, signal }: Running,
  ): Promise<CompareOptions['read']> => {
    const { copied } = await mirrorTree(from, partialOf(to), {
      ...how,
      signal,
      ownerId: ownerIdOf(),
      onBytes: (done) => task.bytes(done, total),
    });
    return copied;
  };

  const compare = async (
    { from, to, comparedAtMs }: MoveJournal,
    read: CompareOptions['read'],
    { signal }: Running,
  ): Promise<void> => {
    const difference = await findDifference(from, partialOf(to), {
      signal,
      ownerId: ownerIdOf(),
      read,
      // The daemon still writes its logs: that is for the last look, when it has ended.
      unsettledSinceMs: comparedAtMs,
    });
    if (difference !== null) throw new Error(`the copy is not like the original: ${difference}`);
  };

  /** Nothing was switched: what was prepared is removed, and what ran runs again. */
  const undo = async (journal: MoveJournal, holds: readonly (() => void)[]): Promise<void> => {
    if (isEnding()) {
      // Someone stops everything: the next daemon removes what is left, and starts nothing.
      writeMove({ ...journal, services: [], stackUp: false });
      return;
    }
    for (const letGo of holds) letGo();
    await discardMove(journal);
    concludeMove(journal);
    if (servicesAreDown(journal.step)) await bringBack(journal);
    if (journal.stackUp) stack.up();
  };

  /** Resolves when the services that ran before run again; rejects with why one does not. */
  const bringBack = async ({ services: ids }: MoveJournal): Promise<void> => {
    const known = new Set(supervisor.states().map(({ id }) => id));
    await kojibox.applySites();
    await supervisor.startAll(ids.filter((id) => known.has(id)));
  };

  /** Shows what the other program does until it has ended; begins another one when it was killed. */
  const follow = async (begun: MoveJournal, task: TaskReporter, holds: readonly (() => void)[]): Promise<void> => {
    for (;;) {
      const journal = readMove(home);
      if (journal?.id !== begun.id) break;
      task.step(journal.step);
      await wait(LOOK_EVERY_MS, undefined, { ref: false });
      if (readMove(home)?.id === begun.id && isAbandoned(paths.lock)) startMover();
    }
    for (const letGo of holds) letGo();
    const { last } = readHomeRecord(home);
    // This daemon did not end, so its services are for itself to bring back.
    if (holds.length > 0) await undoInPlace(begun);
    if (last?.id !== begun.id || last.outcome === 'moved') {
      task.done(last?.error?.detail ?? last?.to ?? '');
      return;
    }
    task.fail(last.error?.message ?? last.outcome);
    throw last.error === null
      ? new KojiboxError('HOME_MOVE_FAILED', `cannot move the data to ${last.to}`, {
          detail: `it was cut off, and ${last.outcome}`,
          source: 'home',
        })
      : KojiboxError.fromBody(last.error);
  };

  const undoInPlace = async (journal: MoveJournal): Promise<void> => {
    await discardMove(journal);
    await bringBack(journal);
    if (journal.stackUp) stack.up();
  };

  const startMover = (): void =>
    startOutliving({
      node: starter[0] ?? process.execPath,
      program: mover,
      logFile: layout.homeMoveLog,
      home,
      onError: (error) => system.log.error('cannot start the program that moves the data', { error: error.message }),
    });

  return {
    assertFree,
    begin,
    changeOf: (moveId) => shownBy.get(moveId) ?? null,
    servicesOf: (moveId) => services.get(moveId) ?? null,

    async recover() {
      const journal = readMove(home);
      if (journal === null) return;
      if (resumeMoveAs(journal.step) === 'discard') {
        const lock = acquireLock(paths.lock);
        if (lock === null) return; // The program that moves is at it.
        system.log.warn('undoing a move of the data that was cut off', { to: journal.to, step: journal.step });
        await undo(journal, []).finally(() => lock.release());
        return;
      }
      services.set(journal.id, 'pending');
      const { change, ended } = changes.run('home.move', `Moving the data to ${journal.to}`, async ({ task }) => {
        const reporter = task('data', 'Data');
        reporter.step(journal.step);
        await bringBack(journal).then(
          () => services.set(journal.id, 'back'),
          (error: unknown) => {
            system.log.error('a service does not run after the data was moved', { error: String(error) });
            services.set(journal.id, 'failed');
          },
        );
        await follow(journal, reporter, []);
        if (journal.stackUp) stack.up();
      });
      shownBy.set(journal.id, change.id);
      await ended.catch(() => undefined); // How it ended is in the record.
    },
  };
}
