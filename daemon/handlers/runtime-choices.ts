/** Which series is used, which version it stays at, and lock files. */
import { KojiboxError } from '../../contract/errors.ts';
import type { Handlers } from '../../contract/index.ts';
import type { Change } from '../../contract/changes.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { createLockFiles } from '../../core/runtimes/lock-file.ts';
import { createRuntimeChoices } from '../../core/runtimes/runtime-choices.ts';
import type { System } from '../../core/system/system.ts';

type Names = 'runtime.use' | 'runtime.pin' | 'runtime.unpin' | 'runtime.lock' | 'runtime.install';

export function runtimeChoiceHandlers(options: {
  readonly kojibox: Kojibox;
  readonly system: System;
  install(name: string, version: string | undefined): Change;
  changed(): void;
}): Pick<Handlers, Names> {
  const { kojibox, system, changed } = options;
  const choices = createRuntimeChoices({ ...kojibox, choices: kojibox.stores.runtimes, changed });
  const locks = createLockFiles({
    ...kojibox,
    system,
    choices,
    keepExtensions: (series, names) => kojibox.phpSettings.keep(series, names),
    changed,
  });
  const ok = 'ok' as const;
  return {
    'runtime.install': async ({ name, version, locked }) => {
      if (name !== undefined && locked === undefined) return options.install(name, version);
      if (name === undefined && locked !== undefined) return locks.install(locked);
      throw new KojiboxError('VALIDATION_FAILED', 'cannot tell what to install', {
        detail: 'give either the name of a runtime or a lock file',
        source: 'runtime',
        remedy: 'koji runtime install NAME [VERSION], or koji runtime install --locked FILE',
      });
    },
    'runtime.use': async ({ name, version }) => choices.use(name, version),
    'runtime.pin': async ({ name, version }) => {
      await choices.pin(name, version);
      return ok;
    },
    'runtime.unpin': async ({ name, version }) => {
      await choices.unpin(name, version);
      return ok;
    },
    'runtime.lock': async ({ project, path }) => locks.write(kojibox.projects.get(project), path),
  };
}
