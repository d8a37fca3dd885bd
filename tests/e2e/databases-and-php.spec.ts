/** Snapshots, the settings of PHP and pins, as a person does it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import type { Snapshot } from '../../contract/snapshots.ts';
import { call } from './daemon-call.ts';
import { openPage } from './dashboard-page.ts';
import { shoot } from './pictures.ts';

const snapshots = (): Snapshot[] => (call('databases.snapshots') as { snapshots: Snapshot[] }).snapshots;
const mariadb = (sql: string): string =>
  execFileSync('./koji', ['mariadb', '-N', '-e', sql], { encoding: 'utf8' }).trim();

test('a snapshot is taken, restored and undone, and says what it does before', async ({ page }) => {
  mariadb('create database keep; create table keep.t (a int); insert into keep.t values (1)');
  await openPage(page, 'Databases');
  const section = page.locator('[data-snapshots]');
  await expect(section).toContainText('No snapshot yet.');
  await section.getByRole('button', { name: 'Take a snapshot' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Server').selectOption('mariadb');
  await expect(dialog.locator('[data-effect]')).toContainText('keeps running');
  await dialog.getByLabel('How').selectOption('copy');
  await expect(dialog.locator('[data-effect]')).toHaveText(
    /^MariaDB is stopped while .* are copied, and started again\.$/,
  );
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Take a snapshot' }).click();
  await expect(dialog).toContainText('Please fill this in.');
  await dialog.getByLabel('Name').fill('before the test');
  await dialog.getByLabel('Note').fill('all is well here');
  await shoot(page, 'snapshot-dialog');
  await dialog.getByRole('button', { name: 'Take a snapshot' }).click();
  const row = section.locator('[data-snapshot="before the test"][data-kind="manual"]');
  await expect(row).toContainText('all is well here', { timeout: 30_000 });

  mariadb('insert into keep.t values (2)');
  await row.getByRole('button', { name: 'Restore: before the test' }).click();
  await expect(page.getByRole('dialog')).toContainText('All databases of MariaDB 10.11 are replaced');
  await page.locator('[data-confirm]').click();
  const notice = page.locator('[data-notice]', { hasText: '“before the test” is back.' });
  await expect(notice).toBeVisible({ timeout: 30_000 });
  expect(mariadb('select count(*) from keep.t')).toBe('1');
  const safety = section.locator('[data-kind="safety"]').first();
  await expect(safety).toContainText('Before restoring “before the test”');
  await shoot(page, 'snapshots');

  await notice.locator('[data-undo]').click();
  await expect.poll(() => snapshots().filter(({ kind }) => kind === 'safety').length, { timeout: 30_000 }).toBe(2);
  await expect.poll(() => mariadb('select count(*) from keep.t')).toBe('2');
  for (const { id } of snapshots()) call('databases.removeSnapshot', { id });
  mariadb('drop database keep');
  await page.reload();
  await expect(section).toContainText('No snapshot yet.');
});

test('PHP: an extension and a directive are found, switched with a warning, and the undo brings them back', async ({
  page,
}) => {
  await openPage(page, 'Runtimes');
  const row = page.locator('[data-runtime="php-8.2"]');
  await row.getByRole('button', { name: 'Settings php 8.2' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('PHP 8.2');
  await shoot(page, 'php-settings');
  await dialog.getByRole('textbox', { name: 'memory_limit' }).fill('lots');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('[data-notice]')).toContainText('memory_limit');
  await page.locator('[data-notice]').getByRole('button').last().click();
  await dialog.getByRole('textbox', { name: 'memory_limit' }).fill('640M');
  await dialog.getByRole('searchbox').fill('xsl');
  await expect(dialog.getByRole('textbox', { name: 'memory_limit' })).toHaveCount(0);
  // By keyboard alone.
  await dialog.getByRole('switch', { name: 'xsl' }).focus();
  await page.keyboard.press('Space');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.locator('[data-effect]')).toHaveText('Saving restarts php.');
  expect(execFileSync('./koji', ['php', '-m'], { encoding: 'utf8' })).toContain('xsl');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  expect(execFileSync('./koji', ['php', '-m'], { encoding: 'utf8' })).not.toContain('xsl');
  expect(execFileSync('./koji', ['php', '-r', 'echo ini_get("memory_limit");'], { encoding: 'utf8' })).toBe('640M');
  await page.locator('[data-undo]').click();
  await expect
    .poll(() =>
      execFileSync('./koji', ['php', '-r', 'echo ini_get("memory_limit"), extension_loaded("xsl");'], {
        encoding: 'utf8',
      }),
    )
    .toBe('512M1');
});

test('a runtime is pinned, which keeps it, and let go again', async ({ page }) => {
  await openPage(page, 'Runtimes');
  const row = page.locator('[data-runtime="redis-7.0"]');
  await row.getByRole('button', { name: 'Pin redis 7.0' }).click();
  await expect(row).toContainText('pinned');
  await expect(
    page.locator('[data-runtime="php-8.4"]').getByRole('button', { name: 'Use by default: php 8.4' }),
  ).toBeVisible();
  await shoot(page, 'runtimes-pinned');
  await row.getByRole('button', { name: 'Unpin redis 7.0' }).click();
  await expect(row.getByRole('button', { name: 'Pin redis 7.0' })).toBeVisible();

  const folder = join(process.env['KOJIBOX_E2E_ROOT'] ?? '', 'other');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'x.lock.json'), '{"lockVersion":1,"runtimes":[]}');
  expect(() =>
    execFileSync('./koji', ['runtime', 'install', '--locked', 'x.lock.json'], { cwd: folder, stdio: 'pipe' }),
  ).toThrow();
});
