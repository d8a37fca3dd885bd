import { defineConfig } from 'vitest/config';
import { SecondTries } from './tests/reporters/second-tries.vitest.ts';

// Nobody's own keychain is filled by tests, and nobody is asked for a password.
const env = { KOJIBOX_KEYCHAIN: 'off', KOJIBOX_ELEVATION: 'off' };
// Real programs on a machine that has other work: chance refuses no landing, and `npm test` names at its end what needed its second try.
const patient = {
  testTimeout: 180_000,
  hookTimeout: 300_000,
  retry: 1,
  // A wait ends with what it waits for; its limit is for hangs alone.
  expect: { poll: { timeout: 60_000 } },
};
const sequential = { ...patient, env, fileParallelism: false };
/** They hold times of a few milliseconds, or the ports that a newcomer gets: nothing runs beside them. */
const ALONE = [
  'completion',
  'edge-life',
  'first-run',
  'given-contract',
  'log-queries',
  'logs',
  'newcomer',
  'shims',
  'stack',
  'supervisor',
  'supervisor-adoption',
].map((name) => `tests/integration/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: ['default', new SecondTries()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{contract,core,client,cli,daemon,edge,electron,installer,renderer}/**/*.test.ts'],
          // Properties with thousands of runs, on a machine that has other work.
          testTimeout: 30_000,
        },
      },
      { test: { name: 'architecture', include: ['tests/architecture/**/*.test.ts'] } },
      { test: { name: 'drivers', include: ['tests/drivers/**/*.test.ts'], ...sequential } },
      {
        test: {
          name: 'integration',
          include: ['tests/{integration,contract}/**/*.test.ts'],
          exclude: ALONE,
          ...patient,
          // Half of what they do is to wait; two at a time, on ports of their own (tests/integration/apart-ports.ts).
          env: { ...env, KOJIBOX_TEST_PORTS: 'apart' },
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: 'alone', include: ALONE, ...sequential, sequence: { groupOrder: 2 } } },
    ],
  },
});
