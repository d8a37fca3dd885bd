/** The built window against a daemon that is played by the test: states and amounts that a real stack has seldom, or never at once. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'playwright/test';
import whole from '../e2e/playwright.config.ts';

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results/window',
  // No spec has more than its own page: nothing is shared.
  fullyParallel: true,
  workers: availableParallelism(),
  // Named at the end of `npm test`.
  retries: 1,
  timeout: 60_000,
  // A wait ends with what it waits for; its limit is for hangs alone.
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: [['list'], ['../reporters/second-tries.playwright.ts']],
  ...(whole.use === undefined ? {} : { use: whole.use }),
});
