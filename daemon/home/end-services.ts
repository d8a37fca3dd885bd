/** Ends the services that a daemon left running, when there is no daemon to do it. */
import { setTimeout as wait } from 'node:timers/promises';
import { digestOfHome, layoutOf } from '../../core/layout.ts';
import type { ServiceDriver } from '../../core/services/driver.ts';
import { createProcessDriver } from '../drivers/process/process-driver.ts';
import { allPids, identifyNow, readProcessStat } from '../system/process-facts.linux.ts';

const GRACE_MS = 10_000;

const driverOf = (home: string): ServiceDriver =>
  createProcessDriver({
    folder: layoutOf(home).handles,
    homeDigest: digestOfHome(home),
    table: { allPids, readProcessStat, identifyNow },
  });

/** Ids of services that run. */
export const runningServices = async (home: string): Promise<string[]> =>
  (await driverOf(home).recover()).map(({ id }) => id);

export async function endServices(home: string): Promise<void> {
  const driver = driverOf(home);
  await Promise.all(
    (await driver.recover()).map(async (handle) => {
      const over = new AbortController();
      await driver.stop(handle, 'SIGTERM');
      // Whichever comes first; those that do not end in time are killed.
      await Promise.race([driver.wait(handle, over.signal), wait(GRACE_MS, undefined, { signal: over.signal })]).catch(
        () => undefined,
      );
      over.abort();
      await driver.kill(handle);
      await driver.release(handle);
    }),
  );
}
