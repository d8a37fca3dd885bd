import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { expectFits, expectNoFindings } from './axe.ts';
import { call } from './daemon-call.ts';
import { DashboardPage, koji, openPage } from './dashboard-page.ts';
import { shootOnce } from './pictures.ts';
import { watchRequests } from './quiet-page.ts';

const PAGES = [
  ['/', 'Dashboard'],
  ['/projects', 'Projects'],
  ['/databases', 'Databases'],
  ['/mail', 'Mail'],
  ['/runtimes', 'Runtimes'],
  ['/logs', 'Logs'],
  ['/domains', 'Domains'],
  ['/activity', 'Activity'],
  ['/diagnostics', 'Diagnostics'],
  ['/settings', 'Settings'],
] as const;

test('projects: a new one is served, its settings take effect, and it is forgotten again', async ({ page }) => {
  await openPage(page, 'Projects');
  await page.getByRole('button', { name: 'New project' }).click();
  await page.getByLabel('Begin with').selectOption('static');
  await page.getByRole('dialog').getByRole('button', { name: 'New project' }).click();
  await expect(page.getByText('Please fill this in.')).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill('Window Made');
  await page.keyboard.press('Enter');
  const card = page.locator('[data-project="window-made"]');
  await expect(card).toContainText('Static files');
  await expect(card.getByRole('link', { name: 'Open Window Made' })).toBeVisible();

  await card.getByRole('button', { name: 'Edit Window Made' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Renamed');
  await page.getByRole('button', { name: 'Add a variable' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).nth(1).fill('GREETING');
  await page.getByRole('textbox', { name: 'Value GREETING' }).fill('hi');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(card.getByRole('heading')).toHaveText('Renamed');
  expect(call('config.getProject', { id: 'window-made' })).toMatchObject({ overrides: { GREETING: 'hi' } });

  await card.getByRole('button', { name: 'Remove Renamed' }).click();
  await page.locator('[data-confirm]').click();
  await expect(card).toHaveCount(0);
  expect(existsSync(koji('app/projects/window-made/index.html'))).toBe(true);
  // And there is a way back.
  await page.locator('[data-undo]').click();
  await expect(card.getByRole('heading')).toHaveText('Renamed');
  expect(call('config.getProject', { id: 'window-made' })).toMatchObject({ overrides: { GREETING: 'hi' } });
  call('projects.remove', { id: 'window-made' });
});

test('projects: a folder is recognised while its path is typed', async ({ page }) => {
  const folder = join(process.env['KOJIBOX_E2E_ROOT'] ?? '', 'laravel-like');
  mkdirSync(join(folder, 'public'), { recursive: true });
  writeFileSync(join(folder, 'artisan'), '');
  await openPage(page, 'Projects');
  await page.getByRole('button', { name: 'New project' }).click();
  await page.getByLabel('Begin with').selectOption('folder');
  await page.getByLabel('Folder', { exact: true }).fill(folder);
  await expect(page.getByText('This is: Laravel')).toBeVisible();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('laravel-like');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('databases: created, exported, imported and dropped, in both engines', async ({ page }) => {
  await openPage(page, 'Databases');
  for (const engine of ['postgres', 'mariadb']) {
    const section = page.locator(`[data-engine="${engine}"]`);
    await section.getByRole('button', { name: /^New database/ }).click({ timeout: 60_000 });
    await page.getByLabel('Name').fill('not valid!');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(page.getByRole('dialog').getByText('Letters, digits and underscores')).toBeVisible();
    await page.getByLabel('Name').fill('shop');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const row = section.locator('[data-database="shop"]');
    await expect(row).toBeVisible();

    const dump = join(process.env['KOJIBOX_E2E_ROOT'] ?? '', `${engine}.sql`);
    writeFileSync(dump, 'create table t (a int); insert into t values (41);');
    await row.getByRole('button', { name: 'Import shop' }).click();
    await page.getByLabel(/Path of the dump/).fill(dump);
    await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click();
    await expect(page.getByRole('dialog')).toContainText('The dump is in shop.');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await ended('databases.import');

    await row.getByRole('button', { name: 'Export shop' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click();
    const { tasks } = await ended('databases.export');
    const file = tasks.at(-1)?.detail ?? '';
    expect(execFileSync('gzip', ['-dc', file], { encoding: 'utf8' })).toMatch(/41/);

    await row.getByRole('button', { name: 'Drop shop' }).click();
    await page.locator('[data-confirm]').click();
    await expect(row).toHaveCount(0);
    await ended('databases.drop');
  }
});

test('mail: what a project sends appears by itself, HTML in a frame that can do nothing, source, attachment', async ({
  page,
}) => {
  await openPage(page, 'Mail');
  await expect(page.getByText('No mail yet.')).toBeVisible();
  const { port } = call('mail.list', {}) as { port: number };
  // What a tracking picture would reach.
  let visits = 0;
  const tracker = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}/x.png`;
  const message = [
    'From: Shop <shop@hello.test>',
    'To: ann@example.test',
    'Subject: Your order',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    `<p style="color: rgb(1, 2, 3)">Thanks!</p><script>parent.document.title = "taken"</script><img src="${address}">`,
    '--b',
    'Content-Type: text/plain; name=bill.txt',
    'Content-Disposition: attachment; filename=bill.txt',
    '',
    'ten euros',
    '--b--',
    '.',
  ];
  await sendMail(port, message);
  await expect(page.locator('[data-mail]')).toContainText('Your order');
  await expect(page.getByRole('heading', { name: 'Your order' })).toBeVisible();
  const frame = page.frameLocator('iframe');
  await expect(frame.getByText('Thanks!')).toHaveCSS('color', 'rgb(1, 2, 3)');
  expect(await page.title()).not.toBe('taken');
  // The picture has failed by then, so whatever was going to be asked was asked.
  await expect.poll(() => frame.locator('img').evaluate((image) => (image as HTMLImageElement).complete)).toBe(true);
  expect(visits).toBe(0);
  tracker.close();
  await page.getByRole('button', { name: 'Source' }).click();
  await expect(page.locator('[data-mail-detail]')).toContainText('boundary=b');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: /bill\.txt/ }).click();
  expect((await downloading).suggestedFilename()).toBe('bill.txt');
  await page.getByRole('button', { name: 'Delete all' }).click();
  await page.locator('[data-confirm]').click();
  await expect(page.getByText('No mail yet.')).toBeVisible();
});

test('runtimes: one is installed with progress, seen as verified, and removed', async ({ page }) => {
  await openPage(page, 'Runtimes');
  const row = page.locator('[data-runtime="adminer-4.8"]');
  // The specs of the packs install it too.
  spawnSync('./koji', ['runtime', 'remove', 'adminer', '4.8']);
  await row.getByRole('button', { name: 'Install adminer 4.8' }).click();
  await expect(row).toContainText('signature of the archive', { timeout: 60_000 });
  await row.getByText('Packages').click();
  await expect(row).toContainText('adminer');
  await expect(page.locator('[data-runtime="php-8.2"]').getByRole('button', { name: 'Remove php 8.2' })).toBeDisabled();
  await row.getByRole('button', { name: 'Remove adminer 4.8' }).click();
  await page.locator('[data-confirm]').click();
  await expect(row.getByRole('button', { name: 'Install adminer 4.8' })).toBeVisible();
});

test('logs: found by service, level and text, followed, exported', async ({ page }) => {
  await openPage(page, 'Logs');
  const list = page.locator('[data-log-list]');
  await expect(list).toContainText('ready');
  await page.getByLabel('Service or project').selectOption('postgres');
  await page.getByRole('searchbox').fill('ready to accept');
  await expect(list).toContainText('ready to accept connections');
  await page.getByRole('searchbox').fill('');
  await page.getByLabel('Service or project').selectOption('redis');
  await expect(list).toContainText('Ready to accept connections');
  await page.getByRole('searchbox').fill('nothing has this');
  await expect(list).toContainText('Nothing matches.');
  await page.getByRole('searchbox').fill('');
  execFileSync('./koji', ['restart', 'redis']);
  await expect(list).toContainText('Redis is now ready to exit');
  await list.locator('time').last().click();
  await expect(page.locator('[data-log-detail]')).toContainText('redis');
  await expect(page.locator('[data-log-day-in-sight]')).toContainText(String(new Date().getFullYear()));
  // By keyboard: from row to row, and open.
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-log-detail]')).toHaveCount(0);
  await list.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-log-detail]')).toContainText('redis');
  await page.getByRole('button', { name: 'Export' }).click();
  const told = await page.locator('[data-notice]').textContent();
  const file = /\/\S+\.log/.exec(told ?? '')?.[0] ?? '';
  expect(readFileSync(file, 'utf8')).toContain('Ready to accept connections');
});

test('domains: the ladder, a domain, a rule that is checked while it is typed, and the undo of a change', async ({
  page,
}) => {
  await openPage(page, 'Domains');
  await page.getByRole('button', { name: 'How it is reached: hello.test' }).click();
  await expect(page.getByRole('dialog')).toContainText('in use');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Add a domain' }).click();
  await page.getByLabel('Domain', { exact: true }).fill('extra.test');
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  await expect(page.locator('[data-domain="extra.test"]')).toBeVisible();
  await page.getByRole('button', { name: 'Remove extra.test' }).click();
  await page.locator('[data-confirm]').click();
  await expect(page.locator('[data-domain="extra.test"]')).toHaveCount(0);

  await page.getByRole('button', { name: 'Add a rule' }).click();
  const target = page.locator('[data-rule]').getByLabel('Target');
  await target.fill('http://example.com');
  await expect(page.getByText('e.g. http://127.0.0.1:3000')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  await target.fill('http://127.0.0.1:3999');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0);
  expect(call('proxy.rules', {})).toMatchObject([{ path: '/api', target: 'http://127.0.0.1:3999' }]);
  call('proxy.apply', { rules: [] });
  await expect(page.locator('[data-certificate="hello.test"]')).toBeVisible();
});

test('settings: a service says what saving restarts before it does', async ({ page }) => {
  await openPage(page, 'Settings');
  const redis = page.locator('[data-service-settings="redis"]');
  await redis.locator('summary').click();
  await redis.getByLabel('Arguments, one per line').fill('--maxmemory\n96mb');
  await redis.getByRole('button', { name: 'Save' }).click();
  await expect(redis.locator('[data-effect]')).toHaveText('Saving restarts redis.');
  expect(call('config.getService', { id: 'redis' })).toMatchObject({ args: [] });
  await redis.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  expect(call('config.getService', { id: 'redis' })).toMatchObject({ args: ['--maxmemory', '96mb'] });
  call('config.setService', { id: 'redis', enabled: true, ports: {}, env: {}, args: [] });
});

test('settings: the language changes everything at once, and stays', async ({ page }) => {
  await openPage(page, 'Settings');
  await page.getByLabel('Language').selectOption('id');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Pengaturan');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Pengaturan');
  // Also what the daemon says.
  await page.getByRole('link', { name: 'Diagnostik' }).click();
  const authority = page.locator('[data-check="authority"]');
  await expect(authority).toContainText('Otoritas sertifikat lokal');
  await expect(authority).toContainText('terbatas pada nama lokal');
  await page.getByRole('link', { name: 'Pengaturan' }).click();
  await page.getByLabel('Bahasa').selectOption('de');
  await expect(page.getByRole('link', { name: 'Übersicht' })).toBeVisible();
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  await page.getByRole('link', { name: 'Domains' }).click();
  await expect(page.getByText('curl, PHP, Git und die meisten Programme')).toBeVisible();
  await page.getByRole('link', { name: 'Diagnose' }).click();
  for (const { id, evidence } of call('doctor.run', {}) as { id: string; evidence: string }[])
    if (/\b(the|is|are|may|can|not|and)\b/.test(evidence))
      await expect(page.locator(`[data-check="${id}"]`)).not.toContainText(evidence);
});

test('diagnostics and activity tell what is and what was', async ({ page }) => {
  await openPage(page, 'Diagnostics');
  await expect(page.locator('[data-check]').first()).toBeVisible();
  await expect(page.locator('[data-summary]')).not.toBeEmpty();
  execFileSync('./koji', ['restart', 'redis']);
  await page.getByRole('link', { name: 'Activity' }).click();
  const row = page.getByRole('row').filter({ hasText: 'services.restart' }).first();
  await expect(row).toContainText('command line or app');
  await expect(row).toContainText('done');
});

test('the command palette does what it finds, by keyboard alone', async ({ page }) => {
  await new DashboardPage(page).open();
  await page.keyboard.press('Control+k');
  await expect(page.getByPlaceholder('Type a command')).toBeFocused();
  await page.keyboard.type('go runt');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Runtimes' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByPlaceholder('Type a command')).toBeFocused();
  await page.keyboard.type('no such command');
  await expect(page.locator('[data-palette]')).toContainText('No command has this name.');
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-palette]')).toHaveCount(0);
});

for (const theme of ['light', 'dark'] as const) {
  for (const [path, title] of PAGES) {
    test(`${title} has no serious finding of axe and fits, ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      const isQuiet = watchRequests(page);
      const dashboard = new DashboardPage(page);
      for (const [name, width] of [
        ['narrow', 420],
        ['wide', 1280],
      ] as const) {
        await page.setViewportSize({ width, height: 800 });
        await dashboard.open();
        await page.evaluate((hash) => (location.hash = hash), path);
        await expect(page.getByRole('heading', { level: 1, name: title })).toBeAttached();
        await isQuiet();
        await expect(page.getByText('Loading …')).toHaveCount(0);
        await expectFits(page, `${title}, ${theme}, ${name}`);
        await shootOnce(page, `${path.slice(1) || 'dashboard'}-${theme}-${name}`);
      }
      await expectNoFindings(page, `${title}, ${theme}`);
    });
  }
}

function sendMail(port: number, lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('close', () => resolve()).on('error', reject);
    socket.resume();
    const commands = ['EHLO x', 'MAIL FROM:<shop@hello.test>', 'RCPT TO:<ann@example.test>', 'DATA', ...lines, 'QUIT'];
    socket.write(`${commands.join('\r\n')}\r\n`);
  });
}

/** The newest change of this kind, once it is done. */
async function ended(kind: string): Promise<{ tasks: { detail: string }[] }> {
  interface Change {
    kind: string;
    status: string;
    tasks: { detail: string }[];
  }
  let newest: Change | undefined;
  await expect
    .poll(
      () => {
        newest = (call('changes.list', {}) as Change[]).filter((change) => change.kind === kind).at(-1);
        return newest?.status;
      },
      { timeout: 30_000 },
    )
    .toBe('done');
  return newest ?? { tasks: [] };
}
