/** npm test [unit|integration|e2e|long]: everything, on a machine where nothing was installed by hand. */
import { existsSync } from 'node:fs';
import { electronBinary } from '../tests/e2e/electron-binary.ts';
import { secondTriesIn } from '../tests/reporters/second-try-line.ts';
import { runStep, tool, type Step } from './steps.ts';

const [only] = process.argv.slice(2);
const node = process.execPath;
const isRoot = process.getuid?.() === 0;

/** Chromium: Debian's when root, else the one Playwright brings. */
async function ensureBrowser(): Promise<boolean> {
  if (existsSync('/usr/bin/chromium')) return true;
  if (!isRoot)
    return (await runStep({ name: 'fetch a browser', command: tool('playwright'), args: ['install', 'chromium'] })).ok;
  const update = await runStep({ name: 'update the package lists', command: 'apt-get', args: ['-qq', 'update'] });
  return (
    update.ok &&
    (
      await runStep({
        name: 'install Chromium',
        command: 'apt-get',
        args: ['-qq', '-y', 'install', '--no-install-recommends', 'chromium'],
        env: { DEBIAN_FRONTEND: 'noninteractive' },
      })
    ).ok
  );
}

const check: Step = { name: 'check', command: node, args: ['scripts/check.ts'] };
const unit: Step = {
  name: 'unit tests',
  command: tool('vitest'),
  args: ['run', '--project', 'unit', '--project', 'architecture'],
};
// By the way in, which remembers it: a newcomer's `npm start` would build again otherwise, below the suites that run beside it.
const build: Step = { name: 'build', command: node, args: ['scripts/run.mjs', 'cli', '--version'] };
const distCheck: Step = { name: 'packaging', command: node, args: ['scripts/dist-check.ts'] };
const integration: Step = {
  name: 'integration tests',
  command: tool('vitest'),
  args: ['run', '--project', 'integration'],
};
const e2e: Step = {
  name: 'end-to-end tests',
  command: tool('playwright'),
  args: ['test', '--config', 'tests/e2e/playwright.config.ts'],
};
const page: Step = {
  name: 'window tests',
  command: tool('playwright'),
  args: ['test', '--config', 'tests/window/playwright.config.ts'],
};

const plan: Readonly<Record<string, readonly Step[]>> = {
  unit: [unit],
  integration: [build, integration],
  e2e: [build, page, e2e],
  // Every case of the suites that take a part of theirs otherwise: tests/long-form.ts.
  long: [build, { ...integration, env: { KOJIBOX_TEST_LONG: '1' } }],
  all: [check, build, distCheck, integration, page, e2e],
};
const steps = plan[only ?? 'all'];
if (steps === undefined) {
  process.stderr.write(`npm test knows ${Object.keys(plan).join(', ')}, not "${only ?? ''}"\n`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
const secondTries: string[] = [];
if (steps.includes(e2e) && !(await ensureBrowser())) failed += 1;
for (const step of steps) {
  const { ok, output } = await runStep(step, true);
  const plain = output.replaceAll(/\u001b\[[0-9;]*m/g, '');
  for (const [, count] of plain.matchAll(/^\s+Tests\s.*?(\d+) passed/gm)) passed += Number(count);
  // Playwright counts those that passed at their second try by themselves.
  for (const [, count] of plain.matchAll(/^\s+(\d+) (?:passed \(|flaky$)/gm)) passed += Number(count);
  secondTries.push(...secondTriesIn(plain));
  // A test that was left out for no reason given here would go unnoticed.
  const skipped = [...plain.matchAll(/(\d+) skipped/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  if (skipped > 0) process.stdout.write(`✗ ${skipped} tests were skipped\n`);
  if (!ok || skipped > 0) failed += 1;
}
if (steps.includes(e2e) && electronBinary() === null)
  process.stdout.write(
    '\n! ELECTRON IS NOT HERE: its binary was not fetched, so the specs of the desktop app ran in Chromium with the app’s own parts,\n' +
      '! and not in the app itself. Fetch it with `npx install-electron`, then: npm run test:e2e\n',
  );
if (secondTries.length > 0)
  process.stdout.write(
    `\n! ${secondTries.length} PASSED AT THE SECOND TRY ONLY. Each has a fault or a bound that is too tight: read its first error above.\n` +
      secondTries.map((name) => `!   ${name}\n`).join(''),
  );
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
