import { writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'playwright/test';
import { signFeed } from '../../core/updater/feed.ts';
import { DashboardPage, koji } from './dashboard-page.ts';

/** Of somebody else: no build trusts it. */
const { privateKey } = generateKeyPairSync('ed25519');
const foreignFeed = (): string => {
  const file = koji('foreign-feed.json');
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  writeFileSync(file, signFeed({ schemaVersion: 1, createdAt: '2030-01-01T00:00:00Z', releases: [] }, key));
  return file;
};

test('the update feed: refused, set, not believed, and taken back', async ({ page }) => {
  await new DashboardPage(page).open();
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  const form = page.locator('[data-update-feed]');
  const address = form.getByLabel('Where updates come from');
  await expect(form).toContainText('None is set.');

  await address.fill('http://example.com/feed.json');
  await page.keyboard.press('Enter');
  await expect(form).toContainText('Give an https:// address');
  await expect(address).toHaveAttribute('aria-invalid', 'true');

  await address.fill(foreignFeed());
  await page.keyboard.press('Enter');
  await expect(form).toContainText('Set here.');
  await expect(page.getByText('Not looked for yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Look for updates' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'signature' })).toBeVisible();
  await expect(page.getByText(/Last looked for: .*That failed: Update package signature mismatch/)).toBeVisible();

  await form.getByRole('button', { name: 'As this version was built' }).click();
  await expect(form).toContainText('None is set.');
});
