/** Databases and their snapshots. */
import type { Handlers } from '../../contract/index.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import type { Snapshots } from '../../core/databases/snapshots/snapshots.ts';

export function databaseHandlers(
  { databases, adminer, environmentChanged }: Pick<Kojibox, 'databases' | 'adminer' | 'environmentChanged'>,
  snapshots: Snapshots,
): Pick<Handlers, Exclude<Extract<keyof Handlers, `databases.${string}`>, 'databases.import'>> {
  const ok = 'ok' as const;
  return {
    'databases.list': async () => databases.list(),
    'databases.create': async ({ engine, name }) => {
      await databases.create(engine, name);
      await environmentChanged();
      return ok;
    },
    'databases.drop': async ({ engine, name }) => databases.drop(engine, name),
    'databases.tables': async ({ engine, name }) => databases.tables(engine, name),
    'databases.export': async ({ engine, name, ...wanted }) => databases.export(engine, name, wanted),
    'databases.copy': async ({ engine, name, target }) => databases.copy(engine, name, target),
    'databases.connection': async ({ engine, name }) => databases.connection(engine, name),
    'databases.openAdminer': async ({ engine, name }) => ({ url: await adminer.open(engine, name) }),

    'databases.snapshots': async () => snapshots.list(),
    'databases.snapshot': async ({ engine, name, note, how }) => snapshots.take({ engine, name, note, how }),
    'databases.restore': async ({ id }) => snapshots.restore(id),
    'databases.removeSnapshot': async ({ id }) => {
      await snapshots.remove(id);
      return ok;
    },
  };
}
