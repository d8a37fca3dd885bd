/** Joins the parts of moving the data for the daemon. */
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { HomePlan, HomeStatus } from '../../contract/home-move.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { System } from '../../core/system/system.ts';
import { toAddress } from './address.ts';
import { readHomeRecord, readMove } from './move-files.ts';
import { createMoveWork } from './move-work.ts';
import { fileSystemOf, freeBytesAt, isLink } from './places.ts';
import { placeOf, planMove, type PlannedMove } from './plan-move.ts';

const HEALTH_DEADLINE_MS = 60_000;

export interface Target {
  readonly folder?: string | undefined;
  readonly back: boolean;
}

export interface HomeFeature {
  status(): Promise<HomeStatus>;
  /** Rejects with NOT_FOUND when there is no place to go back to; everything else is in the plan. */
  plan(target: Target): Promise<HomePlan>;
  /** Rejects with what the plan says is in the way, before anything is done. */
  move(target: Target): Promise<{ moveId: string; changeId: string }>;
  isMoving(): boolean;
  /** To be called once the daemon answers. */
  begin(): void;
}

export function openHome(options: {
  readonly system: System;
  readonly kojibox: Kojibox;
  /** dist/ of the version that runs. */
  readonly dist: string;
  isEnding(): boolean;
}): HomeFeature {
  const { system, kojibox, dist } = options;
  const { supervisor, changes, layout } = kojibox;
  const { home } = layout;
  // In the desktop app program and Node may lie in the home itself: by its address they are found there after the move as well.
  const byAddress = (path: string): string => toAddress(path, placeOf(home), home);
  const work = createMoveWork({
    system,
    kojibox,
    starter: [byAddress(process.execPath), '--no-warnings', byAddress(join(dist, 'cli', 'main.mjs'))],
    mover: byAddress(join(dist, 'mover', 'main.mjs')),
    healthDeadlineMs: HEALTH_DEADLINE_MS,
    isEnding: () => options.isEnding(),
  });

  const planFor = ({ folder, back }: Target): Promise<PlannedMove> => {
    const { previous } = readHomeRecord(home);
    if (back && previous === null)
      throw new KojiboxError('NOT_FOUND', 'cannot move the data back', {
        detail: 'it was not moved yet',
        source: 'home',
        remedy: 'Say where it is to be: koji home move FOLDER',
      });
    const wanted = back ? previous : (folder ?? null);
    if (wanted === null || (back && folder !== undefined))
      throw new KojiboxError('VALIDATION_FAILED', 'cannot tell where the data is to be', {
        detail: 'give either a folder or "back"',
        source: 'home',
      });
    return planMove(wanted, {
      home,
      files: system.files,
      serviceUser: system.host.isRoot ? system.host.serviceUser : null,
    });
  };

  let size = { files: 0, sizeBytes: 0 };
  return {
    async status() {
      const journal = readMove(home);
      const place = placeOf(home);
      const { previous, last } = readHomeRecord(home);
      // While it is moved this is asked often.
      if (journal === null || size.files === 0) size = await system.files.measureTree(place);
      return {
        home,
        place,
        moved: isLink(home),
        freeBytes: freeBytesAt(place),
        sizeBytes: size.sizeBytes,
        files: size.files,
        fileSystem: fileSystemOf(place),
        previous,
        phase: journal?.step ?? 'idle',
        moveId: journal?.id ?? null,
        changeId: journal === null ? null : work.changeOf(journal.id),
        services: journal === null ? null : work.servicesOf(journal.id),
        last,
      };
    },

    async plan(target) {
      const { problem, ...planned } = await planFor(target);
      const running = supervisor.states().filter(({ state }) => state === 'running' || state === 'starting');
      return {
        ...planned,
        home,
        stops: running.map(({ name }) => name),
        waitsFor: changes
          .list()
          .filter(({ status, kind }) => status === 'running' && kind !== 'stack.up' && kind !== 'installer.start')
          .map(({ summary }) => summary),
        problem:
          problem === null
            ? null
            : { code: problem.code, message: problem.message, detail: problem.detail, remedy: problem.remedy },
      };
    },

    async move(target) {
      work.assertFree();
      const planned = await planFor(target);
      if (planned.problem !== null) throw planned.problem;
      return work.begin(planned);
    },

    isMoving: () => readMove(home) !== null,

    begin() {
      work
        .recover()
        .then(() => tellOutcome())
        .catch((error: unknown) => system.log.error('cannot end a move of the data', { error: String(error) }));
    },
  };

  function tellOutcome(): void {
    const { last } = readHomeRecord(home);
    if (last?.error === undefined || last.error === null || readMove(home) !== null) return;
    if (last.outcome === 'moved')
      kojibox.notice(`${last.error.message}: ${last.error.detail}. ${last.error.remedy ?? ''}`);
    if (last.outcome === 'rolled-back')
      kojibox.notice(
        `The data could not be moved to ${last.to} (${last.error.detail}), so it is in ${last.from} as before.`,
      );
  }
}
