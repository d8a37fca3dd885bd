/** The account that reads one dump: made for it, and gone or locked after it, whatever came. */
import { randomBytes } from 'node:crypto';
import type { RunClient } from './engine-access.ts';
import type { DatabaseEngine, EngineAccess, LoaderAccess } from './engine.ts';
import { inRoleLane } from './role-lane.ts';

const TIMEOUT_MS = 60_000;
/** Accounts of this process that are in use; those of a killed one are in no list, and are removed. */
const alive = new Set<string>();

export interface LoaderWork {
  readonly engine: Pick<DatabaseEngine, 'loader'>;
  readonly access: EngineAccess;
  /** The database, which is there. */
  readonly name: string;
  /** For the error: what could not be done. */
  readonly what: string;
  readonly run: RunClient;
}

/**
 * @param roles that the dump names; they are there
 * Rejects with DATABASE_FAILED, or as `read` does.
 */
export async function withLoader<T>(
  { engine, access, name, what, run }: LoaderWork,
  roles: readonly string[],
  read: (loader: LoaderAccess) => Promise<T>,
): Promise<T> {
  const chance = randomBytes(6).toString('hex');
  const login = { user: engine.loader.userFor(name, chance), password: randomBytes(24).toString('hex') };
  // Not cancelled with the import: what is begun here is brought to an end.
  const { signal } = new AbortController();
  alive.add(login.user);
  try {
    const opening = engine.loader.open(access, name, login, roles, chance);
    const said = await inRoleLane(access.port, () => run(opening, what, signal, TIMEOUT_MS));
    const [owner = '', ...withheld] = said.split('\n').filter((line) => line !== '');
    return await read({ ...access, ...login, owner, withheld });
  } finally {
    alive.delete(login.user);
    await inRoleLane(access.port, () =>
      run(engine.loader.close(access, name, login, [...alive]), what, signal, TIMEOUT_MS),
    );
  }
}
