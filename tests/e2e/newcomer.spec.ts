/** What somebody on the first day runs into. */
import { expect, test } from 'playwright/test';
import { DashboardPage } from './dashboard-page.ts';

test('the warning of the browser is told of where the sites are, with its cure, until it is put away', async ({
  page,
}) => {
  await new DashboardPage(page).open();
  const hint = page.locator('[data-trust-hint]');
  await expect(hint).toContainText('Browsers warn at your sites');
  await expect(hint.getByRole('button', { name: 'Trust the local authority' })).toBeEnabled();
  await hint.getByRole('link', { name: 'Browsers warn at your sites' }).click();
  await expect(page.getByRole('heading', { name: 'Who trusts the certificates' })).toBeVisible();
  await page.goBack();
  await hint.getByRole('button', { name: /^Dismiss/ }).click();
  await expect(hint).toHaveCount(0);
  await page.reload();
  await page.locator('[data-service]').first().waitFor();
  await expect(hint).toHaveCount(0);
});

test('a new project of a name that is taken is refused, and the one that is there stays as it is', async ({ page }) => {
  await new DashboardPage(page).open();
  await page.goto(`${page.url().split('#')[0]}#/projects?new`);
  const dialog = page.getByRole('dialog');
  const card = page.locator('[data-project="hello"]');
  const place = await card.locator('[title]').first().getAttribute('title');
  await dialog.getByLabel('Name').fill('Héllo!');
  await expect(dialog.getByLabel('Domain')).toHaveAttribute('placeholder', 'hello.test');
  await dialog.getByRole('button', { name: 'New project' }).click();
  await expect(dialog).toContainText('There is a project "hello" already');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(card.getByRole('link', { name: /^https:\/\/hello\./ })).toBeVisible();
  expect(await card.locator('[title]').first().getAttribute('title')).toBe(place);
});

test('in a narrow window, Escape closes the log that covers everything, and the keyboard is where it was', async ({
  page,
}) => {
  await page.setViewportSize({ width: 700, height: 900 });
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  await dashboard.button('mariadb', 'Logs').click();
  await expect(dashboard.logPanel).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dashboard.logPanel).toHaveCount(0);
  await expect(dashboard.button('mariadb', 'Logs')).toBeFocused();
});
