/** Programs of runtimes: how one is run, and how what it needs gets here. */
import type { Handlers } from '../../contract/index.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { runtimesOfProgram } from '../../core/stack/programs.ts';

export function programHandlers(options: {
  readonly kojibox: Kojibox;
  changed(): void;
}): Pick<Handlers, 'programs.resolve' | 'programs.install' | 'programs.environment' | 'programs.execution'> {
  const { runtimes, changes, environments } = options.kojibox;

  return {
    'programs.resolve': async ({ program, folder, testing }) => environments.program(program, folder, testing),
    'programs.environment': async ({ reveal, ...place }) => environments.view(place, reveal),
    'programs.execution': async ({ testing, ...place }) => environments.execution(place, testing),
    'programs.install': async ({ program, folder }) => {
      const missing = runtimesOfProgram(program, await environments.projectAround(folder), runtimes)
        .filter(({ runtime, series }) => runtimes.installed(runtime, series) === null)
        .map(({ runtime, series }) => runtimes.resolve(runtime, series))
        .map((binary) => ({ name: binary.name, series: binary.series ?? binary.version }));
      const labels = missing.map(({ name, series }) => `${name} ${series}`);
      const summary = labels.length === 0 ? `${program} is installed` : `Installing ${labels.join(' and ')}`;
      return changes.run('runtime.install', summary, async ({ task, signal }) => {
        await Promise.all(
          missing.map(async ({ name, series }) => {
            const reporter = task(name, `${name} ${series}`);
            reporter.done((await runtimes.ensure(name, series, reporter, signal)).version);
          }),
        );
        options.changed();
      }).change;
    },
  };
}
