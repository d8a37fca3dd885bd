import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SecondTries } from './tests/reporters/second-tries.vitest.ts';

// Real programs on a machine that has other work: chance refuses no landing, and `npm test` names at its end what needed its second try.
const patient = {
  testTimeout: 180_000,
  hookTimeout: 300_000,
  retry: 1,
  // A wait ends with what it waits for; its limit is for hangs alone.
  expect: { poll: { timeout: 60_000 } },
};
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
      {
        test: {
          name: 'integration',
          include: ['tests/{integration,contract,drivers}/**/*.test.ts'],
          ...patient,
          // Nobody's own keychain is filled by tests, and no one is asked for a password.
          // Half of what they do is to wait; side by side, on ports of their own (tests/integration/apart-ports.ts).
          env: { KOJIBOX_KEYCHAIN: 'off', KOJIBOX_ELEVATION: 'off', KOJIBOX_TEST_PORTS: 'apart' },
          maxWorkers: Math.max(2, Math.round(availableParallelism() * 1.5)),
        },
      },
      {
        test: {
          name: 'linux',
          include: ['tests/linux/**/*.test.ts'],
          ...patient,
          env: { KOJIBOX_KEYCHAIN: 'off', KOJIBOX_ELEVATION: 'off' },
        },
      },
    ],
  },
});
