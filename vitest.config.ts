import { defineConfig } from 'vitest/config';

// Nobody's own keychain is filled by tests, and nobody is asked for a password.
const env = { KOJIBOX_KEYCHAIN: 'off', KOJIBOX_ELEVATION: 'off' };
const sequential = { env, fileParallelism: false, testTimeout: 180_000, hookTimeout: 300_000 };

export default defineConfig({
  test: {
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
      { test: { name: 'integration', include: ['tests/{integration,contract}/**/*.test.ts'], ...sequential } },
    ],
  },
});
