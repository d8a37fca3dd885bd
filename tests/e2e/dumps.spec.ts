/** A dump as a person brings it: chosen in the browser, refused with its line, put right; then copied, connected to, written. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'playwright/test';
import { call } from './daemon-call.ts';
import { koji, openPage } from './dashboard-page.ts';
import { shoot } from './pictures.ts';

const mariadb = (sql: string): string =>
  execFileSync('./koji', ['mariadb', '-N', '-e', sql], { encoding: 'utf8' }).trim();
const GOOD =
  "CREATE TABLE goods (name varchar(20));\nCREATE TABLE orders (id int);\nINSERT INTO goods VALUES ('tea');\n";

test('a dump from the browser: the line that is wrong, a new database, its copy, its address, some of its tables', async ({
  page,
}) => {
  await openPage(page, 'Databases');
  const engine = page.locator('[data-engine="mariadb"]');
  const dialog = page.getByRole('dialog');

  await engine.getByRole('button', { name: 'Import a dump: MariaDB' }).click();
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(dialog).toContainText('Choose a file, or give its path.');
  await dialog.getByLabel('Name of the new database').fill('tea_shop');
  const choose = async (name: string, text: string): Promise<void> => {
    await dialog
      .locator('input[type=file]')
      .setInputFiles({ name, mimeType: 'application/gzip', buffer: gzipSync(text) });
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  };
  await shoot(page, 'import-dump');
  await choose('shop.sql.gz', `${GOOD}CREATE TABEL wrong (a int);\n`);
  await expect(dialog.getByRole('alert')).toContainText('line 4 (CREATE TABEL wrong (a int))', { timeout: 30_000 });
  await expect(dialog.getByRole('alert')).toContainText('No database was made.');
  await shoot(page, 'import-dump-refused');
  expect(mariadb("show databases like 'tea_shop'")).toBe('');

  await choose('shop.sql.gz', GOOD);
  await expect(dialog).toContainText('The dump is in tea_shop.', { timeout: 30_000 });
  await shoot(page, 'import-dump-done');
  await dialog.getByRole('button', { name: 'Close' }).click();
  expect(mariadb('select name from tea_shop.goods')).toBe('tea');
  // What was sent is not kept.
  await expect
    .poll(() => readdirSync(koji('runtime/temp')).filter((name) => name.startsWith('dump-upload')))
    .toEqual([]);

  const row = engine.locator('[data-database="tea_shop"]');
  await row.getByRole('button', { name: 'Copy to a new database: tea_shop' }).click();
  await dialog.getByLabel('Name of the copy').fill('tea_copy');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-notice]', { hasText: 'tea_copy is a copy of tea_shop.' })).toBeVisible({
    timeout: 30_000,
  });
  expect(mariadb('select name from tea_copy.goods')).toBe('tea');

  const { url, password } = call('databases.connection', { engine: 'mariadb', name: 'tea_shop' }) as {
    url: string;
    password: string;
  };
  await row.getByRole('button', { name: 'Connection: tea_shop' }).click();
  await expect(dialog.locator('[data-url]')).not.toContainText(encodeURIComponent(password));
  await shoot(page, 'connection');
  await dialog.getByRole('button', { name: 'Show the password' }).click();
  await expect(dialog.locator('[data-url]')).toHaveText(url);
  await page.keyboard.press('Escape');

  await row.getByRole('button', { name: 'Export tea_shop' }).click();
  await dialog.getByText('All tables, views and routines').click();
  await dialog.getByRole('checkbox', { name: /goods/ }).check();
  await expect(dialog).toContainText('1 of 2 tables');
  await shoot(page, 'export');
  await dialog.getByRole('button', { name: 'Export' }).click();
  const notice = page.locator('[data-notice]', { hasText: 'Written to' });
  await expect(notice).toBeVisible({ timeout: 30_000 });
  const file = /\/\S+\.sql\.gz/.exec((await notice.textContent()) ?? '')?.[0] ?? '';
  const dump = execFileSync('gzip', ['-dc', file], { encoding: 'utf8' });
  expect(dump).toContain('`goods`');
  expect(dump).not.toContain('`orders`');
  await shoot(page, 'databases');
  for (const name of ['tea_shop', 'tea_copy']) mariadb(`drop database ${name}`);
});
