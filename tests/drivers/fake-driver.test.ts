import { createFakeDriver, createFakeMachine } from '../../core/services/testing/fake-driver.ts';
import { describeDriver } from './conformance.ts';

describeDriver('fake', () => {
  const machine = createFakeMachine();
  const driver = createFakeDriver(machine);
  return {
    driver,
    spec: (id, behaviour = 'obedient') => ({
      id,
      command: behaviour === 'missing' ? '/missing' : '/bin/service',
      args: behaviour === 'ignores-signals' ? ['ignore-signals'] : [],
      env: {},
      cwd: '/',
      logFile: `/${id}.log`,
      user: null,
      fingerprint: 'v1',
    }),
    ready: () => Promise.resolve(),
    successor: () => createFakeDriver(machine),
    crash: ({ id }) => driver.crash(id),
    isAlive: ({ pid }) => machine.processes.get(pid ?? -1)?.exit === null,
  };
});
