/** One switch from a version to another: step by step along the journal, forward or back. */
import { rmSync } from 'node:fs';
import type { ErrorBody } from '../../contract/errors.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { UpdateOutcome } from '../../contract/updater.ts';
import { trialFile, versionFolder, type InstallLayout } from '../../core/updater/install-layout.ts';
import { outcomeAt, stepAfter, type Journal, type UpdateStep } from '../../core/updater/journal.ts';
import { runSteps } from '../handover/run-steps.ts';
import { endDaemon, startDaemonOf, stopDaemon } from './daemon-switch.ts';
import { readRecord, removeJournal, writeJournal, writeRecord } from './journal-files.ts';
import { pruneVersions } from './prune.ts';
import { pointCurrentAt } from './current-version.ts';

const FORMER_DEADLINE_MS = 30_000;

/** @returns how it ended; never rejects for what a version does, only for what the disk refuses */
export async function runSwitch(install: InstallLayout, begun: Journal): Promise<UpdateOutcome['outcome']> {
  const journal = await runSteps(begun, {
    steps: stepsOf(install),
    stepAfter,
    write(now) {
      writeJournal(install, now);
      return now;
    },
    toBody,
    say,
  });
  const outcome = outcomeAt(journal.step);
  conclude(install, journal, outcome);
  say(`${journal.id}: ${outcome}`);
  return outcome;
}

const stepsOf = (
  install: InstallLayout,
): Readonly<Partial<Record<UpdateStep, (journal: Journal) => Promise<void> | void>>> => ({
  stop: ({ home, to }) => stopDaemon(home, to),
  swap: ({ to }) => pointCurrentAt(install, to),
  start: (journal) => startDaemonOf(install, journal, journal.to, journal.healthDeadlineMs),
  'end-new': ({ home, from }) => endDaemon(home, from),
  'swap-back': ({ from }) => pointCurrentAt(install, from),
  // It worked before: a short deadline for the new version is none for this one.
  'start-old': (journal) =>
    startDaemonOf(install, journal, journal.from, Math.max(journal.healthDeadlineMs, FORMER_DEADLINE_MS)),
});

/** Writes down how it ended, then lets go of the journal: a kill in between does only this again. */
function conclude(install: InstallLayout, journal: Journal, outcome: UpdateOutcome['outcome']): void {
  const endedAt = new Date().toISOString();
  const { id, kind, from, to, sha256, error } = journal;
  const record = readRecord(install);
  const others = record.failed.filter(({ version }) => version !== to);
  const failed = (version: string, digest: string | null, reason: string): typeof others => [
    ...others.filter((entry) => entry.version !== version),
    { version, sha256: digest, reason, at: endedAt },
  ];
  writeRecord(install, {
    ...record,
    previous: outcome === 'updated' ? from : record.previous,
    last: { id, kind, from, to, outcome, error: outcome === 'updated' ? null : error, endedAt },
    failed:
      outcome === 'rolled-back'
        ? failed(to, sha256, error === null ? 'it did not start' : `${error.message}: ${error.detail}`)
        : outcome === 'updated'
          ? kind === 'rollback'
            ? failed(from, null, 'another user or program went back from it')
            : others
          : record.failed,
  });
  if (outcome === 'updated') pruneVersions(install, [from, to]);
  else if (outcome === 'rolled-back' && kind === 'apply')
    rmSync(versionFolder(install, to), { recursive: true, force: true });
  // The trial is over: from here on a daemon that crashes is started again.
  rmSync(trialFile(install, id), { force: true });
  removeJournal(install);
}

function toBody(cause: unknown, { to }: Journal): ErrorBody {
  const error =
    cause instanceof KojiboxError
      ? cause
      : new KojiboxError('UPDATE_FAILED', `cannot update to ${to}`, {
          detail: cause instanceof Error ? cause.message : String(cause),
          source: 'updater',
          cause,
        });
  return error.toBody(new Date().toISOString());
}

const say = (text: string): void => void process.stdout.write(`${new Date().toISOString()} ${text}\n`);
