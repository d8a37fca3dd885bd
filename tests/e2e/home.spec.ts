/** Choosing where the data is: in the setup of a fresh home, and later on the settings page. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from 'playwright/test';
import { expectNoFindings } from './axe.ts';
import { removeHome } from './remove-home.ts';

let root: string;
let environment: NodeJS.ProcessEnv;

test.beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-place-'));
  chmodSync(root, 0o711);
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  environment = { ...process.env, KOJIBOX_HOME: join(root, 'home'), KOJIBOX_HOSTS_FILE: join(root, 'hosts') };
});
test.afterAll(() => {
  removeHome(environment);
  rmSync(root, { recursive: true, force: true });
});

async function open(page: Page, hash = ''): Promise<void> {
  execFileSync('./koji', ['info'], { env: environment });
  const { url, token } = JSON.parse(readFileSync(join(root, 'home/app/daemon.json'), 'utf8')) as Record<string, string>;
  await page.goto(`${url}/#token=${token}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  if (hash !== '') await page.goto(`${url}/#${hash}`);
}

test('the setup checks a folder while it is typed, moves the data there, and the page comes back', async ({ page }) => {
  await open(page);
  const place = page.locator('[data-home]');
  await expect(place.locator('[data-place]')).toHaveText(join(root, 'home'));
  const target = place.getByLabel('Move it to');
  const move = place.locator('[data-move]');
  await expect(move).toBeDisabled();

  await target.fill(root);
  await expect(place).toContainText('the data folder lies inside of it');
  await expect(target).toHaveAttribute('aria-invalid', 'true');
  await expect(move).toBeDisabled();

  await target.fill(join(root, 'elsewhere'));
  await expect(place.locator('[data-plan]')).toContainText('which takes no time');
  await expect(place.locator('[data-plan]')).toContainText(`${join(root, 'home')} stays as a link`);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectNoFindings(page, colorScheme);
  }
  await target.press('Tab');
  await expect(move).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(place.locator('[data-place]')).toHaveText(join(root, 'elsewhere'), { timeout: 30_000 });
  await expect(page.locator('[data-offline]')).toHaveCount(0);
  expect(readlinkSync(join(root, 'home'))).toBe(join(root, 'elsewhere'));
  // The setup is where it was, and goes on.
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'What you work with' })).toBeVisible();
});

test('the settings offer the way back', async ({ page }) => {
  await open(page, '/settings');
  const place = page.locator('[data-home]');
  await place.locator('[data-move-back]').click();
  await expect(place.locator('[data-place]')).toHaveText(join(root, 'home'), { timeout: 30_000 });
  await expect(page.locator('[data-notice]')).toContainText(`The data is in ${join(root, 'home')}`);
  expect(existsSync(join(root, 'elsewhere'))).toBe(false);
});
