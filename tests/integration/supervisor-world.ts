/** A supervisor over real processes: what the supervisor tests and its benchmark share. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ServiceState } from '../../contract/services.ts';
import { createSupervisor, type SupervisedPlan, type Supervisor } from '../../core/services/supervisor.ts';
import { createProcessDriver } from '../../daemon/drivers/process/process-driver.ts';
import type { ProcessTable } from '../../daemon/drivers/process/process-table.ts';
import { systemClock } from '../../daemon/system/clock.ts';
import { lastLines } from '../../daemon/system/log-tail.ts';
import { probeRunner } from '../../daemon/system/probes/probe-runner.ts';
import * as table from '../../daemon/system/process-facts.linux.ts';
import { misbehaving } from '../fixtures/services/service-spec.ts';

/** Of its own for each home, as in the product: a recovery ends what carries the mark of its home and is not known there. */
export const digestOf = (home: string): string => createHash('sha256').update(home).digest('hex').slice(0, 8);

export interface ServiceUnderTest {
  readonly id: string;
  readonly port: number;
  readonly args?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly plan?: Partial<SupervisedPlan>;
}

export interface SupervisorWorld {
  readonly supervisor: Supervisor;
  readonly states: ServiceState[];
  readonly stateFolder: string;
}

export function createWorld(
  home: string,
  services: readonly ServiceUnderTest[],
  processTable: ProcessTable = table,
): SupervisorWorld {
  const stateFolder = join(home, 'state');
  const states: ServiceState[] = [];
  const byId = new Map(services.map((service) => [service.id, service]));
  const supervisor = createSupervisor({
    clock: systemClock,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    drivers: new Map([
      ['process', createProcessDriver({ folder: stateFolder, homeDigest: digestOf(home), table: processTable })],
    ]),
    probes: probeRunner,
    random: Math.random,
    failures: { get: () => ({}), update: (change) => Promise.resolve(change({})) },
    portLost: () => Promise.resolve(null),
    resolve(id) {
      const service = byId.get(id);
      if (service === undefined) return Promise.reject(new Error(`${id} is not part of this test`));
      const plan: SupervisedPlan = {
        version: null,
        ports: [],
        connect: null,
        probe: { type: 'port', address: { host: '127.0.0.1', port: service.port } },
        restartPolicy: { maxRetries: 3, backoffMs: 50 },
        probeIntervalMs: 1_000,
        startDeadlineMs: 10_000,
        stopSignal: 'SIGTERM',
        stopGraceMs: 500,
        ...service.plan,
      };
      return Promise.resolve({
        plan,
        spec: misbehaving(home, id, ['--port', String(service.port), ...(service.args ?? [])]),
      });
    },
    lastLogLines: (id) => Promise.resolve(lastLines(join(home, `${id}.log`), 8).join('\n')),
    onState: (state) => void states.push(state),
    onHealth: () => undefined,
  });
  for (const { id, dependsOn = [] } of services) {
    supervisor.define({
      id,
      name: id,
      runtime: null,
      version: null,
      dependsOn,
      ports: [],
      connect: null,
      driver: 'process',
    });
  }
  return { supervisor, states, stateFolder };
}
