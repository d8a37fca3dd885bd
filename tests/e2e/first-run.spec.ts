/** The setup in the window: a home that nobody used, by keyboard alone, and through a daemon that is killed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from 'playwright/test';
import { layOutImportHome } from '../integration/import-home.ts';
import { expectFits, expectNoFindings } from './axe.ts';
import { call as callIn } from './daemon-call.ts';
import { removeHome } from './remove-home.ts';

const STEPS = [
  'Where things are kept',
  'What you work with',
  'Ports',
  'Names and certificates',
  'What you have already',
  'Set it up',
] as const;

let root: string;
let environment: NodeJS.ProcessEnv;
const koji = (...args: string[]): string => execFileSync('./koji', args, { encoding: 'utf8', env: environment });
const call = (method: string, params: object = {}): unknown => callIn(method, params, environment);

test.beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-setup-'));
  chmodSync(root, 0o711);
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  layOutImportHome(join(root, 'user'));
  environment = {
    ...process.env,
    HOME: join(root, 'user'),
    KOJIBOX_HOME: join(root, 'home'),
    KOJIBOX_HOSTS_FILE: join(root, 'hosts'),
  };
});
test.afterEach(() => {
  removeHome(environment);
  rmSync(root, { recursive: true, force: true });
});

async function open(page: Page): Promise<void> {
  koji('info');
  const { url, token } = JSON.parse(readFileSync(join(root, 'home/app/daemon.json'), 'utf8')) as {
    url: string;
    token: string;
  };
  await page.goto(`${url}/#token=${token}`);
}
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });

/** Tabs until the control has the focus; fails when it cannot be reached. */
async function reach(page: Page, name: RegExp | string, role: 'button' | 'radio' | 'checkbox'): Promise<void> {
  const wanted = page.locator('[data-wizard]').getByRole(role, { name });
  for (let count = 0; count < 80; count++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${String(name)} cannot be reached by the keyboard`);
}

test('all steps by keyboard alone, kept when the daemon is killed, and in effect at the end', async ({ page }) => {
  test.setTimeout(180_000);
  await open(page);
  await expect(heading(page, STEPS[0])).toBeVisible();
  await reach(page, 'Next', 'button');
  await page.keyboard.press('Enter');
  await expect(heading(page, STEPS[1])).toBeFocused();
  await reach(page, /PHP with all databases/, 'radio');
  // Past Node + PostgreSQL to "Choose one by one", which begins with what was chosen last.
  for (let count = 0; count < 4; count++) await page.keyboard.press('ArrowDown');
  for (const name of [/^PostgreSQL/, /^Redis/, /^Node/]) {
    await reach(page, name, 'checkbox');
    await page.keyboard.press('Space');
  }
  await expect(page.locator('[data-total]')).toContainText('7.3 MB to fetch');
  await reach(page, 'Next', 'button');
  await page.keyboard.press('Enter');
  await expect(heading(page, STEPS[2])).toBeFocused();
  await expect(page.locator('[data-port="postgres.db"]')).toContainText('5432');

  // Killed now: the next daemon has the answers, and the page goes on.
  process.kill((call('daemon.info') as { pid: number }).pid, 'SIGKILL');
  await expect(page.locator('[data-offline]')).toBeVisible();
  await expect(page.locator('[data-offline]')).toHaveCount(0, { timeout: 30_000 });
  expect(call('firstRun.status')).toMatchObject({ state: 'open', step: 'ports', answers: { services: ['redis'] } });
  await page.reload();
  await expect(heading(page, STEPS[2])).toBeVisible();

  await reach(page, 'Next', 'button');
  await page.keyboard.press('Enter');
  await expect(heading(page, STEPS[3])).toBeFocused();
  await reach(page, 'Next', 'button');
  await page.keyboard.press('Enter');
  await expect(heading(page, STEPS[4])).toBeFocused();
  await expect(page.locator('[data-import="laragon:shop.test"]')).toContainText('shop.test');
  // Everything that can be had is chosen; here only one is wanted.
  const chosen = await page
    .locator('[data-import]:has(input:checked)')
    .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-import') ?? ''));
  expect(chosen.length).toBeGreaterThan(8);
  for (const key of chosen.filter((one) => one !== 'laragon:blog'))
    await page.locator(`[data-import="${key}"] input`).press('Space');
  await reach(page, 'Next', 'button');
  await page.keyboard.press('Enter');
  await expect(heading(page, STEPS[5])).toBeFocused();
  await expect(page.locator('[data-wizard]')).toContainText('7.3 MB');
  await reach(page, 'Set it up now', 'button');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').filter({ hasText: 'It is being set up' })).toBeVisible();

  // And in the middle of the work.
  await expect(page.locator('[data-change]').first()).toBeVisible();
  process.kill((call('daemon.info') as { pid: number }).pid, 'SIGKILL');
  await expect(page.locator('[data-interrupted]')).toBeVisible({ timeout: 30_000 });
  await reach(page, 'Go on', 'button');
  await page.keyboard.press('Enter');
  await expect(heading(page, 'Ready')).toBeFocused({ timeout: 120_000 });
  await expect(page.locator('[data-wizard]').getByRole('link', { name: /blog\.(test|localhost)/ })).toBeVisible();
  const running = (call('services.list') as { id: string; state: string }[])
    .filter(({ state }) => state === 'running')
    .map(({ id }) => id);
  expect(running.sort()).toEqual(['edge', 'redis']);
  expect(
    (call('runtime.list') as { name: string; installed: unknown }[])
      .filter(({ installed }) => installed)
      .map(({ name }) => name),
  ).toEqual(['redis']);
  await reach(page, 'To the dashboard', 'button');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-service="redis"]')).toContainText('Running');
  await page.reload();
  await expect(page.locator('[data-service="redis"]')).toBeVisible();
  await expect(page.locator('[data-wizard]')).toHaveCount(0);
});

test('every step is fit to be seen, in both themes and two sizes; and is left at once', async ({ page }) => {
  test.setTimeout(120_000);
  // Colours on their way from one theme to the other are judged by nobody.
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'light' });
  await open(page);
  for (const [at, title] of STEPS.entries()) {
    await expect(heading(page, title)).toBeVisible();
    await expect(page.locator('[data-wizard]').getByText('Loading …')).toHaveCount(0);
    if (title === 'What you have already') await expect(page.locator('[data-import]').first()).toBeVisible();
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: theme });
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
      for (const [size, width, height] of [
        ['wide', 1280, 800],
        ['narrow', 420, 760],
      ] as const) {
        await page.setViewportSize({ width, height });
        await expectNoFindings(page, `${title}, ${theme}, ${size}`);
        await expectFits(page, `${title}, ${theme}, ${size}`);
        const folder = process.env['KOJIBOX_SETUP_SCREENSHOTS'];
        if (folder !== undefined)
          await page.screenshot({ path: join(folder, `${at + 1}-${theme}-${size}.png`), fullPage: true });
      }
    }
    if (at < STEPS.length - 1) await page.getByRole('button', { name: 'Next' }).click();
  }
  // A folder that cannot be is said, and nothing is lost.
  for (const title of STEPS.slice(0, -1).reverse()) {
    await page.getByRole('button', { name: 'Back' }).press('Enter');
    await expect(heading(page, title)).toBeVisible();
  }
  await page.getByLabel('New projects go to').fill('not/a/path');
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.locator('[data-notice]')).toContainText('is not an absolute path');
  await expect(heading(page, STEPS[0])).toBeVisible();

  await page.getByRole('button', { name: 'Use the defaults' }).click();
  await expect(page.locator('[data-service]').first()).toBeVisible();
  await expect(page.locator('[data-change]').first()).toBeVisible();
  expect(call('firstRun.status')).toMatchObject({ state: 'skipped' });
  koji('call', 'changes.cancel', JSON.stringify({ id: (call('changes.list') as { id: string }[]).at(-1)?.id }));
});

test('the projects page imports what is chosen, and takes it back', async ({ page }) => {
  koji('setup', 'skip');
  await open(page);
  await page.getByRole('link', { name: 'Projects', exact: true }).click();
  await page.getByRole('button', { name: 'Import …' }).first().click();
  await page.getByLabel('Tool', { exact: true }).selectOption('laragon');
  await page.getByRole('button', { name: 'Look', exact: true }).click();
  await expect(page.locator('[data-import="laragon:my_crm.test"]')).toContainText('is not there');
  await expect(page.locator('[data-import="laragon:my_crm.test"] input')).toBeDisabled();
  await page.getByRole('checkbox', { name: 'Import shop.test' }).uncheck();
  await page.getByRole('button', { name: 'Import 1 site' }).click();
  await expect(page.locator('[data-project="blog"]')).toContainText('blog.test');
  await page.getByRole('button', { name: 'Import …' }).first().click();
  await page.getByRole('button', { name: 'Undo import-1' }).click();
  await page.locator('[data-confirm]').click();
  await expect(page.locator('[data-project="blog"]')).toHaveCount(0);
  expect(call('imports.list')).toMatchObject([{ id: 'import-1', undoneAt: expect.stringContaining('T') }]);
});
