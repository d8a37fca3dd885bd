/** The half of a move that is done without a daemon: step by step along the journal, forward or back. */
import { appendFileSync, closeSync, openSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { ErrorBody } from '../../contract/errors.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { HomeStatusSchema, type HomeMoveOutcome } from '../../contract/home-move.ts';
import { moveOutcomeOf, moveStepAfter, type MoveJournal } from '../../core/home/journal.ts';
import { layoutOf } from '../../core/layout.ts';
import { awaitHealthy, callDaemon, daemonFileOf, endDaemon, holderOf, stopDaemon } from '../handover/daemon-end.ts';
import { runStarter } from '../handover/run-starter.ts';
import { runSteps } from '../handover/run-steps.ts';
import { endServices, runningServices } from './end-services.ts';
import { concludeMove, trialOf, writeMove } from './move-files.ts';
import { findDifference } from './compare-trees.ts';
import { mirrorTree, momentAt } from './mirror-tree.ts';
import { removeTree } from './remove-tree.ts';
import { partialOf } from './plan-move.ts';
import { assertNothingLater, formerOf, removeFormer, swapPlaces, swapPlacesBack, WrittenLater } from './swap-place.ts';

const LOOK_EVERY_MS = 200;
/** Services have deadlines of their own; this is for a daemon that does not answer any more. */
const SERVICES_MS = 300_000;

/** @returns how it ended; rejects only for what the disk refuses */
export async function runMove(begun: MoveJournal): Promise<HomeMoveOutcome['outcome']> {
  const say = sayInto(begun.home);
  let leftover: ErrorBody | null = null;
  let { syncedAtMs } = begun;
  const journal = await runSteps(begun, {
    steps: {
      'hand-over': ({ home, to }) => stopDaemon(home, { except: null, failed: (detail) => failed(to, detail) }),
      sync: async (journal) => {
        syncedAtMs = await syncLast(journal);
      },
      swap: swapPlaces,
      start: startThere,
      remove: async (journal) => {
        // The new place works, and is in use: what cannot be removed is only in the way.
        await removeIfCopied(journal).catch((error: unknown) => {
          say(`cannot remove the former folder: ${String(error)}`);
          leftover = leftoverOf(journal, error).toBody(new Date().toISOString());
        });
      },
      'end-new': endThere,
      'swap-back': swapPlacesBack,
      'start-old': async (journal) => {
        await startDaemon(journal);
        await awaitServices(journal);
      },
    },
    stepAfter: moveStepAfter,
    write(journal) {
      const now = { ...journal, syncedAtMs, switched: journal.switched || journal.step === 'start' };
      writeMove(now);
      return now;
    },
    toBody: (cause, { to }) => toBody(cause, to),
    say,
  });
  const outcome = moveOutcomeOf(journal);
  rmSync(trialOf(journal), { force: true });
  concludeMove(journal, leftover);
  say(`${journal.id}: ${outcome}`);
  return outcome;
}

/**
 * What the daemon itself wrote after everything else was copied and compared.
 * @returns the moment in which that began, by the clock of the former place
 */
async function syncLast({ from, to, home, method, comparedAtMs }: MoveJournal): Promise<number> {
  const holder = holderOf(home);
  if (holder !== null) throw failed(to, `a daemon (process ${holder.pid}) was started in between`);
  const running = await runningServices(home);
  if (running.length > 0) throw failed(to, `${running.join(', ')} was started in between`);
  if (method === 'rename') return 0;
  const began = await momentAt(from);
  const options = { signal: new AbortController().signal, ownerId: ownerIdOf() };
  const { copied } = await mirrorTree(from, partialOf(to), {
    ...options,
    changedSinceMs: comparedAtMs,
    comparesBytes: false,
  });
  const difference = await findDifference(from, partialOf(to), {
    ...options,
    read: copied,
    unsettledSinceMs: Infinity,
  });
  if (difference !== null) throw failed(to, `the copy is not like the original: ${difference}`);
  return began;
}

async function removeIfCopied(journal: MoveJournal): Promise<void> {
  await assertNothingLater(journal);
  // A removal that is cut off changes folders itself: who continues with it does not look again.
  writeMove({ ...journal, syncedAtMs: 0 });
  await removeFormer(journal);
}

async function startThere(journal: MoveJournal): Promise<void> {
  await startDaemon(journal);
  const back = await awaitServices(journal);
  if (back !== 'back')
    throw failed(journal.to, `a service does not run there; see ${layoutOf(journal.home).daemonLog}`);
}

async function startDaemon(journal: MoveJournal): Promise<void> {
  const { home, to, starter, healthDeadlineMs } = journal;
  const [command = process.execPath, ...args] = starter;
  const trial = trialOf(journal);
  closeSync(openSync(trial, 'w', 0o600));
  const output = await runStarter({ command, args, shell: false, home, trial, deadlineMs: healthDeadlineMs });
  const healthy = await awaitHealthy(home, null, performance.now() + healthDeadlineMs);
  if (healthy !== 'steady') throw failed(to, `${healthy}${output === '' ? '' : `: ${output}`}`);
}

/** @returns `back` when the services that ran before run again */
async function awaitServices({ home, id }: MoveJournal): Promise<'back' | 'failed'> {
  for (const deadline = performance.now() + SERVICES_MS; performance.now() < deadline; await wait(LOOK_EVERY_MS)) {
    const file = daemonFileOf(home);
    const status = HomeStatusSchema.safeParse(file === null ? null : await callDaemon(file, 'home.status', {})).data;
    if (status?.moveId === id && (status.services === 'back' || status.services === 'failed')) return status.services;
    if (holderOf(home) === null) return 'failed';
  }
  return 'failed';
}

/** With its services, which run from the folder that is given up. */
async function endThere({ home, to }: MoveJournal): Promise<void> {
  const file = daemonFileOf(home);
  // It answers after it has begun to end; stopping the services in order takes a moment.
  if (file !== null && holderOf(home) !== null) await callDaemon(file, 'daemon.quit', { restarting: true });
  for (const deadline = performance.now() + SERVICES_MS; holderOf(home) !== null; await wait(LOOK_EVERY_MS)) {
    if (file !== null && performance.now() < deadline) continue;
    await endDaemon(home, { except: null, failed: (detail) => failed(to, detail) });
    break;
  }
  await endServices(home);
}

/** Of whom everything in a home is; null for root, whose home holds files of others. */
export function ownerIdOf(): number | null {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? null : uid;
}

const failed = (to: string, detail: string): KojiboxError =>
  new KojiboxError('HOME_MOVE_FAILED', `cannot move the data to ${to}`, { detail, source: 'home' });

const leftoverOf = (journal: MoveJournal, error: unknown): KojiboxError => {
  const former = formerOf(journal);
  if (error instanceof WrittenLater)
    return new KojiboxError('HOME_MOVE_FAILED', 'cannot remove the former data folder', {
      detail: error.message,
      source: 'home',
      remedy: `The data is moved. What was written there since then is in ${former} alone: take from it what you need, then remove it.`,
    });
  return new KojiboxError('PERMISSION_DENIED', 'cannot remove the former data folder', {
    detail: error instanceof Error ? error.message : String(error),
    source: 'home',
    remedy: `The data is moved, and what is left is not used any more. Remove it yourself: ${former}`,
  });
};

export function toBody(cause: unknown, to: string): ErrorBody {
  const error =
    cause instanceof KojiboxError
      ? cause
      : (cause as NodeJS.ErrnoException).code === 'ENOSPC'
        ? new KojiboxError('DISK_FULL', `cannot move the data to ${to}`, { detail: 'the disk is full', source: 'home' })
        : failed(to, cause instanceof Error ? cause.message : String(cause));
  return error.toBody(new Date().toISOString());
}

/** By its path, each line again: the file is moved as well. */
const sayInto =
  (home: string) =>
  (text: string): void => {
    try {
      appendFileSync(layoutOf(home).homeMoveLog, `${new Date().toISOString()} ${text}\n`, { mode: 0o600 });
    } catch {
      process.stdout.write(`${text}\n`); // For the moment in which the address leads nowhere.
    }
  };

/** Undoes what a killed daemon had prepared. Services that it had stopped are for the caller to bring back. */
export async function discardMove({ to, method }: MoveJournal): Promise<void> {
  if (method === 'copy') await removeTree(partialOf(to));
}
