import { expect, test } from 'playwright/test';
import type { Share } from '../../contract/sharing.ts';
import { expectNoFindings } from './axe.ts';
import { call } from './daemon-call.ts';
import { DashboardPage } from './dashboard-page.ts';
import { shootOnce } from './pictures.ts';

for (const theme of ['light', 'dark'] as const) {
  test(`a service of one's own is added, changed and removed, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await new DashboardPage(page).open();
    await page.getByRole('button', { name: 'Add a service' }).click();
    await page.keyboard.press('Enter');
    await expect(page.getByText('Please fill this in.')).toHaveCount(2);
    await page.getByLabel('Name', { exact: true }).fill('Night Watch');
    await expect(page.getByText('Its id: night-watch')).toBeVisible();
    await page.getByLabel('Program').fill('sleep');
    await page.getByLabel('Arguments, one per line').fill('600');
    await page.getByRole('checkbox', { name: 'Redis' }).check();
    await expectNoFindings(page, `the dialog, ${theme}`, '[role=dialog]');
    await shootOnce(page, `own-service-${theme}`);
    await page.getByRole('button', { name: 'Save' }).click();

    const card = page.locator('[data-service="night-watch"]');
    // The stack is up, so it starts at once.
    await expect(card).toContainText('Running');
    await expect(page.getByRole('region', { name: 'What depends on what' })).toContainText('Night Watch');
    await card.getByRole('button', { name: 'Edit Night Watch' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Watch');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(card).toContainText('Watch');
    expect(call('services.definitions', {})).toMatchObject([{ id: 'night-watch', name: 'Watch', args: ['600'] }]);
    await card.getByRole('button', { name: 'Remove Watch' }).click();
    await page.locator('[data-confirm]').click();
    await expect(card).toHaveCount(0);
  });

  test(`what a service used is drawn over time, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.service('mariadb').getByRole('button', { name: 'Resource use: MariaDB' }).click();
    const memory = page.getByRole('dialog').getByRole('figure').filter({ hasText: 'Memory' });
    await expect(memory.locator('polyline').first()).toBeAttached();
    await memory.getByRole('img').focus();
    await page.keyboard.press('ArrowLeft');
    await expect(memory.locator('figcaption')).toContainText(/\d+ MB · /);
    await expectNoFindings(page, `the dialog, ${theme}`, '[role=dialog]');
    await shootOnce(page, `history-${theme}`);
    await page.getByRole('button', { name: 'Last day' }).click();
    await expect(page.getByRole('button', { name: 'Last day' })).toHaveAttribute('aria-pressed', 'true');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'This machine' }).click();
    await expect(page.getByRole('dialog')).toContainText('CPU, all cores');
  });

  test(`a site is shared with the network, with a code for a phone, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    // By the address of this machine alone: whether it is in a network depends on where the test runs.
    const { url } = call('projects.share', { id: 'hello', address: '127.0.0.1' }) as Share;
    await new DashboardPage(page).open();
    await page.getByRole('link', { name: 'Projects', exact: true }).click();
    await page.getByRole('button', { name: 'Open Hello on a phone' }).click();
    await expect(page.getByRole('dialog')).toContainText(url);
    await expect(page.getByRole('img', { name: `QR code for ${url}` })).toBeVisible();
    await expectNoFindings(page, `the dialog, ${theme}`, '[role=dialog]');
    await shootOnce(page, `share-${theme}`);
    expect((await page.request.get(url)).status()).toBe(200);
    await page.getByRole('button', { name: 'End sharing' }).click();
    await expect(page.getByLabel('For how long')).toBeVisible();
    await expect(page.request.get(url)).rejects.toThrow('ECONNREFUSED');
  });
}
