/** Runs with one page of room for the records (a tmpfs): the intent fits, what follows the launch does not. Prints JSON. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createProcessDriver } from '../../daemon/drivers/process/process-driver.ts';
import * as table from '../../daemon/system/process-facts.linux.ts';
import { misbehaving } from '../fixtures/services/service-spec.ts';

const [home = ''] = process.argv.slice(2);
const folder = join(home, 'state');
const create = (): ReturnType<typeof createProcessDriver> => createProcessDriver({ folder, homeDigest: 'lost', table });
const alive = (pid: number | null): boolean => pid !== null && table.identifyNow(pid) !== null;

const driver = create();
const started = await driver.start(misbehaving(home, 'a', []));
const record = JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8')) as { identity: unknown };

const [taken, ...more] = await create().recover();
const afterRecover = { pid: taken?.pid ?? null, others: more.length };

// The record is lost altogether.
rmSync(join(folder, 'a.json'), { force: true });
const successor = create();
const [found] = await successor.recover();
if (found !== undefined) {
  await successor.kill(found);
  await successor.release(found);
}
const again = await create().recover();
process.stdout.write(
  `\n${JSON.stringify({
    pid: started.pid,
    identity: record.identity,
    afterRecover,
    found: found?.pid ?? null,
    isAlive: alive(started.pid),
    again: again.length,
  })}\n`,
);
process.exit(0);
