/** Databases of another server, brought over as a person does it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import {
  createForeignServers,
  OWNER,
  PASSWORD,
  type ForeignServer,
  type ForeignServers,
} from '../integration/foreign-servers.ts';
import { DashboardPage } from './dashboard-page.ts';
import { shoot } from './pictures.ts';

let servers: ForeignServers;
let server: ForeignServer;

test.beforeAll(async () => {
  const home = process.env['KOJIBOX_HOME'] ?? '';
  servers = createForeignServers({ path: (...parts) => join(home, ...parts) });
  server = await servers.mariadb('10.11');
  for (const name of ['kept_orders', 'old-blog', 'geo']) await server.query(`create database \`${name}\``);
  await server.query('create table t (a int primary key)', 'kept_orders');
  await server.query('insert into t values (1), (2), (3)', 'kept_orders');
  await server.query('create table posts (a int)', 'old-blog');
});
test.afterAll(() => servers.remove());

test('databases of another server: a wrong password is told at its field, then they are chosen, copied and undone', async ({
  page,
}) => {
  await new DashboardPage(page).open();
  await page.getByRole('link', { name: 'Databases', exact: true }).click();
  await page.getByRole('button', { name: 'Import from another server' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Server').selectOption('mysql');
  await dialog.getByLabel('Port').fill('99999');
  await page.keyboard.press('Enter');
  await expect(dialog.getByLabel('Port')).toHaveAccessibleDescription('A number from 1 to 65535.');
  await dialog.getByLabel('Port').fill(String(server.port));
  await dialog.getByLabel('User').fill(OWNER);
  await dialog.getByLabel('Password').fill('wrong');
  await shoot(page, 'server-import-login');
  await page.keyboard.press('Enter');
  await expect(dialog.getByLabel('Password')).toHaveAccessibleDescription(/Access denied for user 'boss'/);
  await dialog.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(dialog.locator('[data-server-report]')).toContainText('MariaDB 10.11');
  const blog = dialog.locator('[data-foreign="old-blog"]');
  await expect(blog.getByLabel('Name of old-blog here')).toHaveValue('old_blog');
  await dialog.getByRole('checkbox', { name: 'Copy geo' }).focus();
  await page.keyboard.press('Space');
  await blog.getByLabel('Name of old-blog here').fill('no spaces');
  await expect(blog.getByRole('alert')).toHaveText('Letters, digits and underscores, beginning with a letter.');
  await expect(dialog.getByRole('button', { name: 'Copy 2 databases' })).toBeDisabled();
  await shoot(page, 'server-import-list');
  await blog.getByLabel('Name of old-blog here').fill('blog_2026');
  await dialog.getByRole('button', { name: 'Copy 2 databases' }).click();
  const done = dialog.locator('[data-imported]');
  await expect(done).toContainText('2 databases are here, the same on both sides.', { timeout: 60_000 });
  await expect(done).toContainText('1 table, 3 rows');
  await shoot(page, 'server-import-done');
  const sql = 'select count(*) from kept_orders.t';
  expect(execFileSync('./koji', ['mariadb', '-N', '-e', sql], { encoding: 'utf8' }).trim()).toBe('3');

  await dialog.locator('[data-import-record]').getByRole('button', { name: 'Undo: kept_orders, blog_2026' }).click();
  await page.locator('[data-confirm]').click();
  await expect(page.locator('[data-notice]')).toContainText('The import was undone', { timeout: 60_000 });
  await expect(dialog.locator('[data-import-record]')).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(page.locator('[data-database="kept_orders"]')).toHaveCount(0);
});
