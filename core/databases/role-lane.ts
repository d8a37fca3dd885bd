/**
 * Accounts and their memberships belong to a whole server: two sessions that change them at once meet in the same rows, and PostgreSQL answers
 * the second one with "tuple concurrently updated". One change of accounts at a time for each server.
 */
const lanes = new Map<number, Promise<unknown>>();

/** Runs `work` after all that was given before it for the server at this port. Rejects as `work` does. */
export function inRoleLane<T>(port: number, work: () => Promise<T>): Promise<T> {
  const before = lanes.get(port) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.then(
    () => undefined,
    () => undefined, // The caller has the error; the next one in the lane begins anyway.
  );
  lanes.set(port, settled);
  void settled.then(() => {
    if (lanes.get(port) === settled) lanes.delete(port);
  });
  return mine;
}
