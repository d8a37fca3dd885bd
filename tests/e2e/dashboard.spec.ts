import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'playwright/test';
import { expectNoFindings } from './axe.ts';
import { call } from './daemon-call.ts';
import { DashboardPage, koji } from './dashboard-page.ts';

const SIZES = [
  { name: 'wide', width: 1280, height: 800 },
  { name: 'narrow', width: 420, height: 760 },
];

test('shows every service with the evidence of its state', async ({ page }) => {
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  await expect(dashboard.overall).toHaveText('All 5 services are ready');
  for (const [id, evidence] of [
    ['postgres', 'PostgreSQL answered'],
    ['mariadb', 'MariaDB answered'],
    ['redis', 'Redis answered'],
    ['php', 'PHP answered'],
    ['edge', 'answered 200'],
  ] as const) {
    await expect(dashboard.service(id).locator('[data-evidence]')).toContainText(`Running · ${evidence} in`);
  }
  await expect(dashboard.service('postgres')).toContainText(`Port${portOf('postgres.db')}`);
  // Resource use comes by events, some seconds after somebody looks.
  await expect(dashboard.service('mariadb')).toContainText(/Memory\d+ MB/);
});

test('takes the key out of the address bar, and asks for nothing but events', async ({ page }) => {
  const calls: string[] = [];
  page.on('request', (request) => calls.push(new URL(request.url()).pathname));
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  expect(page.url()).not.toContain('token');
  const before = calls.length;
  await page.waitForTimeout(4000);
  expect(calls.slice(before)).toEqual([]);
});

test('stops and starts a service, and the page follows what the command line does', async ({ page }) => {
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  await dashboard.button('redis', 'Stop').click();
  await expect(dashboard.service('redis').locator('[data-evidence]')).toContainText('Stopped');
  await expect(dashboard.overall).toHaveText('All 4 services are ready');
  expect(stateOf('redis')).toBe('stopped');
  await dashboard.button('redis', 'Start').click();
  await expect(dashboard.service('redis').locator('[data-evidence]')).toContainText('Running');
  execFileSync('./koji', ['stop', 'redis']);
  await expect(dashboard.service('redis').locator('[data-evidence]')).toContainText('Stopped');
  execFileSync('./koji', ['start', 'redis']);
  await expect(dashboard.overall).toHaveText('All 5 services are ready');
});

test('a killed service comes back by itself, and says so', async ({ page }) => {
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  const pid = pidOf('redis');
  process.kill(pid, 'SIGKILL');
  await expect(dashboard.service('redis')).toContainText('restarted once');
  // It is called running when it has stayed so for a while.
  await expect(dashboard.service('redis').locator('[data-evidence]')).toContainText('Running', { timeout: 30_000 });
  expect(pidOf('redis')).not.toBe(pid);
});

test('follows a log live, filters it, and closes with Escape', async ({ page }) => {
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  await dashboard.button('redis', 'Logs').click();
  await expect(dashboard.logPanel).toContainText('Ready to accept connections');
  execFileSync('./koji', ['restart', 'redis']);
  await expect(dashboard.logPanel.locator('time')).not.toHaveCount(0);
  await dashboard.logPanel.getByRole('searchbox').fill('no line has this');
  await expect(dashboard.logPanel).toContainText('No line has this text.');
  await dashboard.logPanel.getByRole('searchbox').fill('accept');
  await expect(dashboard.logPanel).toContainText('Ready to accept connections');
  await page.keyboard.press('Escape');
  await expect(dashboard.logPanel).toHaveCount(0);
});

test('opens the site, which is real', async ({ page, context }) => {
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  const opened = context.waitForEvent('page');
  await page.getByRole('link', { name: 'Open Hello' }).click();
  const site = await opened;
  await expect(site.getByRole('heading', { level: 1 })).toHaveText('It works, and it is real.');
  await expect(site.locator('li')).toHaveCount(4);
});

test('shows stale data as stale while the daemon is away, and reconnects by itself', async ({ page }) => {
  const dashboard = new DashboardPage(page);
  await dashboard.open();
  const pids = ['postgres', 'mariadb', 'php', 'edge'].map(pidOf);
  process.kill((JSON.parse(readFileSync(koji('app/daemon.json'), 'utf8')) as { pid: number }).pid, 'SIGKILL');
  await expect(page.locator('[data-offline]')).toBeVisible();
  await expect(page.locator('[data-offline]')).toHaveCount(0);
  await expect(dashboard.overall).toHaveText('All 5 services are ready', { timeout: 30_000 });
  expect(['postgres', 'mariadb', 'php', 'edge'].map(pidOf)).toEqual(pids);
});

for (const theme of ['light', 'dark'] as const) {
  test(`has no serious finding of axe, ${theme}`, async ({ page }) => {
    const dashboard = new DashboardPage(page);
    await dashboard.open();
    await dashboard.chooseTheme(theme);
    await dashboard.button('postgres', 'Logs').click();
    await expect(dashboard.logPanel).toContainText('ready to accept');
    await expectNoFindings(page, theme);
  });

  for (const { name, width, height } of SIZES) {
    test(`looks right: ${theme}, ${name}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      const dashboard = new DashboardPage(page);
      await dashboard.open();
      await dashboard.chooseTheme(theme);
      await expect(dashboard.service('mariadb')).toContainText(/CPU/);
      // Nothing may stick out of the window.
      expect(
        await page.evaluate(
          () => document.querySelector('main')!.scrollWidth <= document.querySelector('main')!.clientWidth,
        ),
      ).toBe(true);
      if (process.env['KOJIBOX_SCREENSHOTS'])
        await page.screenshot({ path: `docs/images/dashboard-${theme}-${name}.png`, animations: 'disabled' });
    });
  }
}

const list = (): { id: string; state: string; pid: number }[] =>
  call('services.list') as { id: string; state: string; pid: number }[];
const stateOf = (id: string): string | undefined => list().find((service) => service.id === id)?.state;
const pidOf = (id: string): number => list().find((service) => service.id === id)?.pid ?? 0;
const portOf = (key: string): number =>
  (JSON.parse(readFileSync(koji('app/config/ports.json'), 'utf8')) as { value: { assigned: Record<string, number> } })
    .value.assigned[key] ?? 0;
