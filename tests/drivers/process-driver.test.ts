import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createProcessDriver } from '../../daemon/drivers/process/process-driver.ts';
import * as table from '../../daemon/system/process-facts.linux.ts';
import { freePort } from '../fixtures/free-port.ts';
import { eventually, logOf, misbehaving } from '../fixtures/services/service-spec.ts';
import { describeDriver } from './conformance.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-driver-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const port = await freePort();

describeDriver('process', () => {
  const home = mkdtempSync(join(root, 'home-'));
  const create = () => createProcessDriver({ folder: join(home, 'state'), homeDigest: 'driver', table });
  return {
    driver: create(),
    spec(id, behaviour = 'obedient') {
      const args = [
        '--port',
        String(id === 'a' ? port : 0),
        ...(behaviour === 'ignores-signals' ? ['--ignore-signals'] : []),
        '--print-env',
      ];
      const spec = misbehaving(home, id, args);
      return behaviour === 'missing' ? { ...spec, command: '/nowhere/missing' } : spec;
    },
    ready: (spec) => eventually(`${spec.id} printed its environment`, () => logOf(spec).includes('KOJIBOX_SERVICE')),
    successor: create,
    crash: ({ pid }) => void process.kill(pid ?? 0, 'SIGKILL'),
    isAlive: ({ pid }) => table.identifyNow(pid ?? 0) !== null,
  };
});
