import { expect, test } from 'playwright/test';
import { KojiboxError } from '../../contract/errors.ts';
import { playDaemon } from './fake-daemon.ts';
import { aChange, aFolder, aRuntime, aService, aSite } from './window-data.ts';

const FAILED = {
  code: 'DOWNLOAD_FAILED' as const,
  message: 'cannot clone https://127.0.0.1:1/none.git',
  detail: 'connection refused',
  retryable: true,
  source: 'projects',
  ts: '2026-01-01T10:00:00.000Z',
};

test('a daemon that hangs is noticed within seconds, shown as unknown, and recovers', async ({ page }) => {
  const daemon = await playDaemon(page);
  await daemon.open();
  const overall = page.locator('[data-overall]');
  await expect(overall).toHaveText('All 4 services are ready');
  // Its first sign of life has come.
  await page.waitForTimeout(2500);
  daemon.hang();
  await expect(overall).toHaveText('State unknown: Kojibox does not answer');
  await expect(page.locator('[data-offline]')).toBeVisible();
  await expect(page.locator('[data-site="hello"] a')).toHaveCount(0);
  daemon.wake();
  await expect(overall).toHaveText('All 4 services are ready');
  await expect(page.locator('[data-site="hello"]').getByRole('link', { name: 'Open Hello' })).toBeVisible();
});

test('the frame of the window is painted before the daemon has proved itself, and nothing is sent until then', async ({
  page,
}) => {
  const sent: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() !== 'GET' || request.headers()['authorization'] !== undefined) sent.push(pathname);
  });
  page.on('websocket', () => sent.push('/events'));
  const daemon = await playDaemon(page);
  daemon.hang();
  await page.goto('http://127.0.0.1:9/#ticket=one');
  await expect(page.locator('[data-skeleton]')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Databases' })).toBeVisible();
  expect(new URL(page.url()).hash).toBe('#/');
  const painted = (): Promise<number> =>
    page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  await expect.poll(painted).toBeGreaterThan(0);
  console.log(`first paint without an answer: ${Math.round(await painted())} ms`);
  expect(sent).toEqual(['/ticket']);
  daemon.wake();
  await expect(page.locator('[data-overall]')).toHaveText('All 4 services are ready');
  await expect(page.locator('[data-skeleton]')).toHaveCount(0);
  expect(sent.slice(0, 3)).toEqual(['/ticket', '/session', '/session/proof']);
  daemon.expectNoErrors();
});

test('no site is called ready while the edge is stopped, PHP has failed, or a program crashes again and again', async ({
  page,
}) => {
  const daemon = await playDaemon(page);
  await daemon.open();
  const overall = page.locator('[data-overall]');
  const open = page.locator('[data-site="hello"]').getByRole('link', { name: 'Open Hello' });
  await expect(open).toBeVisible();
  daemon.publish('service:stateChanged', aService('edge', { state: 'stopped', desired: 'down', health: 'unknown' }));
  await expect(overall).toContainText('1 site is not served: HTTPS server is stopped');
  await expect(open).toHaveCount(0);
  await expect(page.locator('[data-site="hello"]')).toContainText('HTTPS server is stopped');
  daemon.publish('service:stateChanged', aService('edge'));
  await expect(open).toBeVisible();
  daemon.publish('service:stateChanged', aService('php', { state: 'error', health: 'unhealthy' }));
  await expect(overall).toContainText('Failed: PHP');
  await expect(page.locator('[data-site="hello"]')).toContainText('PHP has failed');
  for (let restart = 1; restart <= 4; restart++) {
    daemon.publish('service:stateChanged', aService('php', { restarts: restart, startedAt: new Date().toISOString() }));
    await expect(overall).toHaveText('Starting: 3 of 4 services are ready');
  }
  daemon.expectNoErrors();
});

test('a failure in the background stays until it is dismissed, also over a reload, and a success makes it old', async ({
  page,
}) => {
  const failed = aChange('projects.create', 'Creating Gitty', {
    status: 'failed',
    error: FAILED,
    endedAt: '2026-01-01T10:00:01.000Z',
    startedAt: '2026-01-01T10:00:00.000Z',
  });
  const up = aChange('stack.up', 'Starting the stack', {
    status: 'failed',
    error: { ...FAILED, code: 'CERTIFICATE_FAILED', message: 'cannot make a certificate' },
    startedAt: '2026-01-01T09:00:00.000Z',
  });
  const daemon = await playDaemon(
    page,
    { 'stack.up': () => aChange('stack.up', 'Starting the stack') },
    {
      changes: [failed, up],
    },
  );
  await daemon.open();
  const items = page.locator('[data-failure]');
  await expect(items).toHaveCount(2);
  await expect(items.first()).toContainText('Creating Gitty failed');
  await expect(page.locator('[data-badge]')).toHaveText('2');
  await expect(items.first().locator('summary')).toContainText('connection refused');
  await items.first().getByText('Details').click();
  await expect(items.first()).toContainText('connection refused');
  await items.first().getByRole('button', { name: 'Dismiss: Creating Gitty' }).click();
  await expect(items).toHaveCount(1);
  await page.reload();
  await expect(items).toHaveCount(1);
  await expect(items.first()).toContainText('Starting the stack failed');
  await items.first().getByRole('button', { name: 'Try again: Starting the stack' }).click();
  await expect.poll(() => daemon.calls.some(({ method }) => method === 'stack.up')).toBe(true);
  daemon.publish('change:updated', {
    ...up,
    id: 'stack-up-2',
    status: 'done',
    error: null,
    startedAt: '2026-01-01T11:00:00.000Z',
  });
  await expect(items).toHaveCount(0);
  await expect(page.locator('[data-badge]')).toHaveCount(0);
  daemon.expectNoErrors();
});

test('a new project keeps its dialog until the first result, and a refusal stands at its field', async ({ page }) => {
  const begun = aChange('projects.create', 'Creating Gitty');
  const daemon = await playDaemon(page, { 'projects.create': () => begun });
  await daemon.open('/projects');
  await page.getByRole('button', { name: 'New project' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('Gitty');
  await dialog.getByRole('button', { name: 'New project' }).click();
  await expect.poll(() => daemon.calls.some(({ method }) => method === 'projects.create')).toBe(true);
  daemon.publish('change:updated', {
    ...begun,
    tasks: [
      {
        id: 'php',
        label: 'php 8.4',
        status: 'running',
        step: 'fetch',
        doneBytes: 12_000_000,
        totalBytes: 50_000_000,
        bytesPerSecond: 1e6,
        durationMs: null,
        detail: '',
      },
    ],
  });
  await expect(dialog.locator('[data-progress]')).toContainText('Downloading php 8.4: 12.0 MB of 50.0 MB (24 %)');
  daemon.publish('change:updated', {
    ...begun,
    status: 'failed',
    error: { ...FAILED, code: 'VALIDATION_FAILED', detail: 'domain: not a local name', field: 'domain' },
  });
  await expect(dialog.getByLabel('Domain')).toBeFocused();
  await expect(dialog).toContainText('Not a local name');
  await expect(page.locator('[data-failure]')).toHaveCount(0);
  daemon.expectNoErrors();
});

test('the name of a new project follows the whole path, until the person writes one', async ({ page }) => {
  const daemon = await playDaemon(page, {
    'projects.detect': ({ path }) => aFolder(path),
  });
  await daemon.open('/projects');
  await page.getByRole('button', { name: 'New project' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').selectOption('folder');
  const [name, path] = [dialog.getByLabel('Name', { exact: true }), dialog.getByLabel('Folder', { exact: true })];
  await path.pressSequentially('/home/me/code/blog');
  await expect(name).toHaveValue('blog');
  await path.pressSequentially('2');
  await expect(name).toHaveValue('blog2');
  await name.fill('My Blog');
  await path.fill('/home/me/code/other');
  await expect.poll(() => daemon.calls.at(-1)?.params).toEqual({ path: '/home/me/code/other' });
  await expect(name).toHaveValue('My Blog');
  for (const [text, why] of [
    ['code/shop', 'Enter the full path'],
    ['~/code/shop', 'whose home folder ~ is'],
  ] as const) {
    await path.fill(text);
    await dialog.getByRole('button', { name: 'New project' }).click();
    await expect(dialog).toContainText(why);
    await expect(path).toBeFocused();
  }
  daemon.expectNoErrors();
});

test('notices cover no button, and the same error is said once', async ({ page }) => {
  const daemon = await playDaemon(page, {}, { sites: [aSite('hello')] });
  daemon.answers['services.stop'] = () => {
    throw new KojiboxError('VALIDATION_FAILED', 'cannot stop it', { detail: 'a reason '.repeat(20), source: 'test' });
  };
  await daemon.open();
  const stop = page.getByRole('button', { name: 'Stop Redis' });
  await stop.click();
  await stop.click();
  await stop.click();
  const notices = page.locator('[data-notice]');
  await expect(notices).toHaveCount(1);
  const covered = await page.evaluate(() => {
    const strip = document.querySelector('[data-notices]')!.getBoundingClientRect();
    return [...document.querySelectorAll('button, a')].filter((element) => {
      if (element.closest('[data-notices]') !== null) return false;
      const box = element.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      if (box.width === 0 || y < 0 || y > innerHeight) return false;
      return (
        x > strip.left &&
        x < strip.right &&
        y > strip.top &&
        y < strip.bottom &&
        document.elementFromPoint(x, y)?.closest('[data-notices]') !== null &&
        element.closest('main')!.getBoundingClientRect().bottom > strip.top
      );
    }).length;
  });
  expect(covered).toBe(0);
  daemon.expectNoErrors();
});

test('a folder that holds nothing to serve asks for a command or a folder', async ({ page }) => {
  const daemon = await playDaemon(page, {
    'projects.detect': ({ path }) =>
      aFolder(path, { name: 'api', framework: '', stack: 'static', undecided: { folders: ['dist'] } }),
    'projects.create': () => aChange('projects.create', 'Creating api'),
  });
  await daemon.open('/projects');
  await page.getByRole('button', { name: 'New project' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').selectOption('folder');
  await dialog.getByLabel('Folder', { exact: true }).fill('/home/me/code/api');
  await expect(dialog.locator('[data-undecided]')).toContainText('With pages: dist');
  await dialog.getByRole('button', { name: 'New project' }).click();
  await expect(dialog.getByLabel('Start command')).toBeFocused();
  await dialog.getByLabel('Folder to serve').fill('dist');
  await dialog.getByRole('button', { name: 'New project' }).click();
  await expect
    .poll(() => daemon.calls.find(({ method }) => method === 'projects.create')?.params)
    .toMatchObject({ documentRoot: 'dist' });
  daemon.expectNoErrors();
});

test('a PHP that must be downloaded says its size before, and how far it is while it is fetched', async ({ page }) => {
  const install = aChange('runtime.install', 'Installing php 8.4');
  const daemon = await playDaemon(page, {
    'runtime.list': () => [aRuntime('php', '8.2', { isDefault: true }), aRuntime('php', '8.4', { installed: null })],
    'runtime.install': () => install,
    'projects.update': () => 'ok',
  });
  await daemon.open('/projects');
  await page.getByRole('button', { name: 'Edit Hello' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('PHP version').selectOption({ label: '8.4 (50.0 MB to fetch)' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect.poll(() => daemon.calls.some(({ method }) => method === 'runtime.install')).toBe(true);
  const task = {
    id: 'php',
    label: 'php 8.4',
    status: 'running',
    step: 'fetch',
    doneBytes: 5e6,
    totalBytes: 5e7,
  } as never;
  daemon.publish('change:updated', { ...install, tasks: [task] });
  await expect(dialog.locator('[data-progress]')).toContainText('Downloading php 8.4: 5.0 MB of 50.0 MB (10 %)');
  expect(daemon.calls.some(({ method }) => method === 'projects.update')).toBe(false);
  daemon.publish('change:updated', { ...install, status: 'done', progress: 1 });
  await expect.poll(() => daemon.calls.some(({ method }) => method === 'projects.update')).toBe(true);
  await expect(dialog).toHaveCount(0);
  daemon.expectNoErrors();
});

test('the log of a service leaves the page in reach below 1280 px, and gives the focus back', async ({ page }) => {
  await page.setViewportSize({ width: 1180, height: 780 });
  const daemon = await playDaemon(page, { 'services.logs': () => [] });
  await daemon.open();
  await page.getByRole('button', { name: 'Logs Redis' }).click();
  await expect(page.locator('[data-log-panel]')).toBeVisible();
  await page.getByRole('link', { name: 'Projects', exact: true }).click({ trial: true });
  await page.getByRole('button', { name: 'Stop all' }).click({ trial: true });
  await page.locator('[data-log-panel]').getByRole('button', { name: 'Close' }).first().click();
  await expect(page.getByRole('button', { name: 'Logs Redis' })).toBeFocused();
  daemon.expectNoErrors();
});

test('after a removal the keyboard is at Undo, and unsaved rules are not dropped in silence', async ({ page }) => {
  const daemon = await playDaemon(page, { 'projects.remove': () => 'ok' });
  await daemon.open('/projects');
  await page.getByRole('button', { name: 'Remove Hello' }).click();
  await page.locator('[data-confirm]').click();
  await expect(page.locator('[data-undo]')).toBeFocused();
  await page.getByRole('link', { name: 'Domains', exact: true }).click();
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await expect(page.locator('[data-rule]').getByLabel('Domain')).toBeFocused();
  await page.getByRole('link', { name: 'Projects', exact: true }).click();
  await expect(page.getByRole('dialog')).toContainText('are not saved');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { level: 1, name: 'Domains' })).toBeVisible();
  await expect(page.locator('[data-rule]')).toHaveCount(1);
  daemon.expectNoErrors();
});

test('mails can be chosen in a narrow window', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  const mail = {
    id: '1',
    from: 'a@x.test',
    to: ['b@x.test'],
    subject: 'Order',
    receivedAt: '2026-01-01T10:00:00.000Z',
    size: 10,
  };
  const daemon = await playDaemon(page, {
    'mail.list': () => ({
      port: 1025,
      mails: Array.from({ length: 30 }, (_, index) => ({ ...mail, id: String(index) })),
    }),
    'mail.source': () => ({ base64: btoa('Subject: Order\r\n\r\nHello'), nextOffset: null }),
  });
  await daemon.open('/mail');
  await expect(page.locator('[data-mail]').first()).toBeVisible();
  const list = await page.locator('ul', { has: page.locator('[data-mail]') }).boundingBox();
  expect(list?.height).toBeGreaterThan(150);
  daemon.expectNoErrors();
});

test('a project without its packages says so, and the button installs them with what the installer says', async ({
  page,
}) => {
  const commands = ['npm install --no-fund --no-audit'];
  const lack = { project: 'hello', name: 'Hello', missing: ['node_modules' as const], commands, needed: true };
  const change = aChange('projects.install', 'Installing packages of Hello', { id: 'projects-install-1' });
  const daemon = await playDaemon(page, {
    'projects.missing': () => [lack],
    'projects.install': () => change,
  });
  await daemon.open('/projects');
  const banner = page.locator('[data-project="hello"] [data-missing]');
  await expect(banner).toContainText('It needs node_modules, which is not there yet.');
  await banner.getByRole('button', { name: 'Install: Hello' }).click();
  expect(daemon.calls.find(({ method }) => method === 'projects.install')?.params).toEqual({ id: 'hello' });
  const task = {
    id: '0',
    label: commands[0] ?? '',
    status: 'running' as const,
    step: 'fetch',
    doneBytes: 0,
    totalBytes: 0,
    bytesPerSecond: 0,
    durationMs: null,
    detail: 'added 12 packages',
  };
  daemon.publish('change:updated', { ...change, tasks: [task] });
  await expect(page.locator('[data-change]')).toContainText('added 12 packages');
  await expect(page.locator('[data-change]').getByRole('button', { name: 'Cancel' })).toBeVisible();
  daemon.answers['projects.missing'] = () => [];
  daemon.publish('change:updated', {
    ...change,
    status: 'done',
    progress: 1,
    endedAt: new Date().toISOString(),
    tasks: [{ ...task, status: 'done', durationMs: 900 }],
  });
  await expect(banner).toHaveCount(0);
  daemon.expectNoErrors();
});
