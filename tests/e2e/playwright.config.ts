/** End to end: a real daemon, real runtimes, a real browser. `npm run test:e2e`. */
import { existsSync } from 'node:fs';
import { defineConfig } from 'playwright/test';

/** Debian's browser where it is installed, else the one Playwright brought. */
const debianChromium = '/usr/bin/chromium';

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  workers: 1,
  // Named at the end of `npm test`.
  retries: 1,
  timeout: 120_000,
  // A wait ends with what it waits for; its limit is for hangs alone.
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: [['list'], ['../reporters/second-tries.playwright.ts']],
  globalSetup: './stack-setup.ts',
  globalTeardown: './stack-teardown.ts',
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      ...(existsSync(debianChromium) ? { executablePath: debianChromium } : {}),
      args: [
        // Chromium's sandbox does not run as root.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
        '--host-resolver-rules=MAP *.test 127.0.0.1',
      ],
    },
    ignoreHTTPSErrors: true,
  },
});
