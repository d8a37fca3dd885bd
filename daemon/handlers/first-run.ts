/** Handlers of the first run and of imports. */
import type { Handlers, OperationName } from '../../contract/index.ts';
import type { FirstRun } from '../../core/first-run/first-run.ts';
import type { Imports } from '../../core/importers/imports.ts';

type Mine = Extract<OperationName, `firstRun.${string}` | `imports.${string}`>;

export function firstRunHandlers({
  firstRun,
  imports,
}: {
  readonly firstRun: FirstRun;
  readonly imports: Imports;
}): Pick<Handlers, Mine> {
  return {
    'firstRun.status': async () => firstRun.status(),
    'firstRun.ports': async () => firstRun.ports(),
    'firstRun.programs': async () => firstRun.programs(),
    'firstRun.answer': async ({ step, answers }) => firstRun.answer(step, answers),
    'firstRun.apply': async ({ rights }) => firstRun.apply(rights),
    'firstRun.skip': async ({ untouched }) => {
      await firstRun.skip(untouched);
      return 'ok';
    },
    'imports.scan': async (where) => imports.scan(where),
    'imports.apply': async (chosen) => imports.apply(chosen),
    'imports.list': async () => [...imports.list()],
    'imports.undo': async ({ id }) => imports.undo(id),
  };
}
