import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type Page } from 'playwright/test';
import { newKey, readPack, writeSigned } from '../fixtures/packs/rewrite.ts';
import { openPage } from './dashboard-page.ts';
import { shoot } from './pictures.ts';

const folder = join(process.env['KOJIBOX_E2E_ROOT'] ?? '', 'packs');
const pack = join(folder, 'window.kojipack');

const open = (page: Page): Promise<void> => openPage(page, 'Runtimes');

/** As somebody does who drags a file from a folder onto the page. */
async function drop(page: Page, name: string, content: string): Promise<void> {
  const data = await page.evaluateHandle(
    ([fileName, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text ?? ''], fileName ?? ''));
      return transfer;
    },
    [name, content],
  );
  await page.dispatchEvent('main', 'dragover', { dataTransfer: data });
  await expect(page.locator('[data-drop]')).toHaveText('Drop the pack to look into it');
  await page.dispatchEvent('main', 'drop', { dataTransfer: data });
  await expect(page.locator('[data-drop]')).toHaveCount(0);
}

test('packs: one is made, looked into, its key compared and accepted, and installed', async ({ page }) => {
  mkdirSync(folder, { recursive: true });
  await open(page);
  await page.getByRole('button', { name: 'Create a pack' }).click();
  const dialog = page.getByRole('dialog');
  const checked = dialog.getByRole('checkbox', { checked: true });
  for (let left = await checked.count(); left > 0; left -= 1) await checked.first().uncheck();
  await dialog.getByRole('button', { name: 'Create a pack' }).click();
  await expect(dialog.getByText('Choose at least one.')).toBeVisible();
  await dialog.getByRole('checkbox', { name: /^adminer/i }).check();
  await shoot(page, 'pack-create');
  await dialog.getByLabel('Write to').fill('stack.zip');
  await dialog.getByRole('button', { name: 'Create a pack' }).click();
  await expect(dialog.getByText('Give a full path that ends in .kojipack.')).toBeVisible();
  await dialog.getByLabel('Write to').fill(pack);
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('The pack is ready')).toBeVisible({ timeout: 60_000 });
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  // The same content of another signer.
  const { manifest, files } = await readPack(pack);
  const foreign = await writeSigned(
    join(folder, 'foreign.kojipack'),
    { ...manifest, name: 'Foreign' },
    files,
    newKey(),
  );
  await page.locator('input[type=file]').setInputFiles(foreign);
  await expect(dialog).toContainText('Pack “Foreign”', { timeout: 30_000 });
  await expect(dialog).toContainText(`Whole: ${manifest.files.length} files`);
  await shoot(page, 'pack-unknown-key');
  await expect(dialog).toContainText('Signed by tester');
  await expect(dialog).toContainText(/SHA256:[A-Za-z0-9+/]{43}/);
  const install = dialog.getByRole('button', { name: 'Accept the key and install' });
  await expect(install).toBeDisabled();
  await dialog.getByRole('checkbox', { name: /I have compared it/ }).check();
  await install.click();
  await expect(dialog).toContainText('“Foreign” is installed.', { timeout: 60_000 });
  await page.keyboard.press('Escape');

  await page.locator('input[type=file]').setInputFiles(foreign);
  await expect(dialog).toContainText('You accepted this key before.', { timeout: 30_000 });
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
});

test('packs: a file is dropped on the page; what is no whole pack says so, with the cure', async ({ page }) => {
  mkdirSync(folder, { recursive: true });
  await open(page);
  await drop(page, 'photo.png', 'x');
  await expect(page.getByText('photo.png is not a .kojipack file.')).toBeVisible();
  await drop(page, 'broken.kojipack', 'not a zip at all');
  await expect(page.getByText('cannot use the pack')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('Copy the file again')).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await shoot(page, 'pack-broken');
});

test('packs: one that was double-clicked is looked into at once', async ({ page }) => {
  await open(page);
  await page.evaluate((path) => (location.hash = `#/runtimes?pack=${encodeURIComponent(path)}`), pack);
  await expect(
    page
      .getByRole('dialog')
      .getByText(/adminer/i)
      .first(),
  ).toBeVisible();
  // Going back and forth does not ask again.
  await expect.poll(() => page.evaluate(() => location.hash)).toBe('#/runtimes');
});
