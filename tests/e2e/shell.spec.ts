/** The window of the desktop app: everything through the one port, nothing past it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'playwright/test';
import { call } from './daemon-call.ts';
import { koji } from './dashboard-page.ts';
import { electronBinary } from './electron-binary.ts';
import { openInChromium, openInElectron, type ShellWorld } from './shell-worlds.ts';

const electron = electronBinary();
const worlds = ['Chromium', ...(electron === null ? [] : ['Electron'])] as const;

const projects = (): string[] => (call('config.listProjects') as { id: string }[]).map(({ id }) => id);

for (const where of worlds) {
  test.describe(`in ${where}`, () => {
    let world: ShellWorld;
    const outside: string[] = [];
    const complaints: string[] = [];

    test.beforeEach(async ({ browser }) => {
      outside.length = 0;
      complaints.length = 0;
      world =
        where === 'Electron' && electron !== null ? await openInElectron(electron) : await openInChromium(browser);
      world.page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      world.page.on('request', (request) => {
        if (!/^(app:\/\/kojibox|http:\/\/kojibox\.localhost)\//.test(request.url())) outside.push(request.url());
      });
    });
    test.afterEach(() => world.close());

    test('the page works through the port alone, under its strict policy', async () => {
      const { page } = world;
      await page.locator('[data-service="redis"]').getByRole('button', { name: /^Stop/ }).click();
      await expect(page.locator('[data-service="redis"] [data-evidence]')).toContainText('Stopped');
      await page
        .locator('[data-service="redis"]')
        .getByRole('button', { name: /^Start/ })
        .click();
      await expect(page.locator('[data-service="redis"] [data-evidence]')).toContainText('Running');
      for (const title of ['Projects', 'Databases', 'Runtimes', 'Logs', 'Settings']) {
        await page.getByRole('link', { name: title, exact: true }).click();
        await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused();
      }
      await expect(page.getByRole('switch', { name: 'Start Kojibox when I log in' })).toBeVisible();
      expect(outside).toEqual([]);
      expect(complaints).toEqual([]);
      expect(await world.asked()).toEqual([]);
    });

    test('what needs more than its role is asked natively, and done only when allowed', async () => {
      const { page } = world;
      await page.getByRole('link', { name: 'Settings', exact: true }).click();
      const tell = page.getByRole('switch', { name: 'Tell me when a service fails' });
      await expect(tell).toBeChecked();
      await tell.click();
      await expect.poll(() => world.asked()).toHaveLength(1);
      // Who has just refused is not told so again.
      await expect(page.locator('[data-notice]')).toHaveCount(0);
      expect(call('config.getApp')).toMatchObject({ notifyFailures: true });
      await world.answer(true);
      await page.reload();
      await page.getByRole('switch', { name: 'Tell me when a service fails' }).click();
      await expect.poll(() => call('config.getApp')).toMatchObject({ notifyFailures: false });
      await expect(page.getByRole('switch', { name: 'Tell me when a service fails' })).not.toBeChecked();
      await page.getByRole('switch', { name: 'Tell me when a service fails' }).click();
      await expect.poll(() => call('config.getApp')).toMatchObject({ notifyFailures: true });
      // The second change was within the five minutes.
      expect(await world.asked()).toHaveLength(2);
    });

    test('a removal is asked once, natively', async () => {
      const { page } = world;
      call('projects.create', { kind: 'static', name: 'Shell Made' });
      await expect.poll(projects).toContain('shell-made');
      await page.getByRole('link', { name: 'Projects', exact: true }).click();
      const card = page.locator('[data-project="shell-made"]');
      const remove = card.getByRole('button', { name: 'Remove Shell Made' });
      await remove.click();
      await expect.poll(() => world.asked()).toHaveLength(1);
      await expect(page.getByRole('dialog')).toHaveCount(0);
      expect(projects()).toContain('shell-made');
      await world.answer(true);
      await remove.click();
      await expect(card).toHaveCount(0);
      expect(projects()).not.toContain('shell-made');
      expect(await world.asked()).toHaveLength(2);
    });

    test('a link does nothing before it is confirmed, and nothing when it is odd', async () => {
      const { page } = world;
      const dialog = page.getByRole('dialog');
      await world.handOver('kojibox://project/hello?x=1');
      await world.handOver('kojibox://runtime/../php');
      await world.handOver('kojibox://project/hello');
      await expect(dialog).toContainText('Open Hello (hello.');
      await page.keyboard.press('Escape');
      await expect(dialog).toHaveCount(0);
      expect(await world.openedOutside()).toEqual([]);

      await world.handOver('kojibox://project/hello');
      await page.locator('[data-confirm]').click();
      await expect.poll(() => world.openedOutside()).toHaveLength(1);
      expect((await world.openedOutside())[0]).toMatch(/^https:\/\/hello\./);

      await world.handOver('kojibox://project/nobody');
      await expect(page.getByText('A link asks for the project “nobody”, which is not here.')).toBeVisible();

      await world.handOver('kojibox://runtime/redis@7.0');
      await expect(dialog).toContainText('Install redis 7.0?');
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await expect(page).not.toHaveURL(/runtimes/);
      await world.handOver('kojibox://runtime/redis@7.0');
      await page.locator('[data-confirm]').click();
      await expect(page).toHaveURL(/runtimes/);
      await expect.poll(() => JSON.stringify(call('changes.list'))).toContain('runtime.install');
    });

    test('a page that was taken over gets nowhere', async () => {
      const { page } = world;
      const { url, token } = JSON.parse(readFileSync(koji('app/daemon.json'), 'utf8')) as {
        url: string;
        token: string;
      };
      const tried = await page.evaluate(async (daemonUrl) => {
        const results: Record<string, boolean> = {};
        results['fetch'] = await fetch(`${daemonUrl}/healthz`, { mode: 'no-cors' }).then(
          () => true,
          () => false,
        );
        results['image'] = await new Promise((resolve) => {
          const image = new Image();
          image.onload = () => resolve(true);
          image.onerror = () => resolve(false);
          image.src = `${daemonUrl}/icon.png`;
        });
        const script = document.createElement('script');
        script.textContent = 'globalThis.inlineRan = true';
        document.head.append(script);
        results['inline'] = 'inlineRan' in globalThis;
        try {
          // oxlint-disable-next-line no-eval
          results['eval'] = Boolean((0, eval)('1'));
        } catch {
          results['eval'] = false;
        }
        results['node'] = 'process' in globalThis || 'require' in globalThis || 'ipcRenderer' in globalThis;
        return results;
      }, url);
      expect(tried).toEqual({ fetch: false, image: false, inline: false, eval: false, node: false });
      const seen = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]),
      );
      expect(seen).not.toContain(token);
    });
  });
}
