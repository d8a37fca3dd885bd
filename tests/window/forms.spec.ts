/** Every field of every dialog and form takes any text: nothing throws, and the form stays. */
import { expect, test, type Locator, type Page } from 'playwright/test';
import { playDaemon, type Answers, type FakeDaemon } from './fake-daemon.ts';
import { aFolder, aProject, aRuntime, aService, APP, HOME, UPDATES } from './window-data.ts';

const TEXTS = [
  '8',
  '65535',
  '99999999999999999999',
  '-1.5e3',
  'abc',
  '',
  'ünïcödé 日本 👩‍👩‍👧 \u202e',
  '\'"<b>${secret:x}',
  'x'.repeat(5000),
] as const;

const ENGINE = {
  id: 'postgres',
  name: 'PostgreSQL',
  runtime: 'postgres',
  version: '17.0',
  running: true,
  dumpProblem: '',
  databases: [{ name: 'shop', sizeBytes: 1000, tables: 3 }],
};
const WORLD: Answers = {
  'config.listProjects': () => [
    aProject('php-site'),
    aProject('node-site', { stack: 'node' }),
    aProject('proxy-site', { stack: 'proxy', overrides: { TARGET: 'http://127.0.0.1:3000' } }),
  ],
  'projects.detect': ({ path }) => aFolder(path),
  'databases.list': () => [ENGINE],
  'databases.tables': () => [{ name: 'orders', sizeBytes: 10 }],
  'databases.snapshots': () => ({
    engines: [{ id: 'postgres', name: 'PostgreSQL', series: '17', running: true, dumpProblem: '', sizeBytes: 1 }],
    snapshots: [],
    freeBytes: 1e9,
  }),
  'firstRun.programs': () => [],
  'serverImport.list': () => [],
  'imports.scan': () => ({ sources: [], sites: [] }),
  'runtime.list': () => [aRuntime('php', '8.2', { isDefault: true })],
  'php.settings': () => ({
    series: '8.2',
    version: '8.2.1',
    extensions: [{ name: 'xsl', state: 'on' }],
    directives: [
      { name: 'memory_limit', type: 'size', value: '128M', standard: '128M', description: 'Memory.' },
      { name: 'max_execution_time', type: 'int', value: '30', standard: '30', description: 'Seconds.' },
    ],
    others: [{ name: 'user_agent', value: 'x' }],
    services: ['php'],
  }),
  'config.getApp': () => ({ ...APP, overrides: { A: 'b' } }),
  'home.plan': ({ folder = '' }) => ({
    home: HOME.home,
    from: HOME.place,
    to: folder,
    method: 'copy',
    sizeBytes: 1,
    files: 1,
    freeBytes: 1e9,
    fileSystem: 'ext4',
    stops: [],
    waitsFor: [],
    problem: null,
  }),
  'config.getService': ({ id }) => ({ id, enabled: true, ports: { db: 5432 }, env: { A: 'b' }, args: ['--x'] }),
  'services.definitions': () => [],
};

/** How a person gets to each form. */
const FORMS: Readonly<Record<string, readonly [page: string, open: (page: Page) => Promise<Locator>]>> = {
  'add a service': ['/', (page) => opened(page, 'Add a service')],
  ...Object.fromEntries(
    ['php', 'node', 'static', 'folder', 'git', 'zip'].map((kind) => [
      `new project, ${kind}`,
      [
        '/projects',
        async (page: Page): Promise<Locator> => {
          const dialog = await opened(page, 'New project');
          await dialog.getByRole('combobox').selectOption(kind);
          return dialog;
        },
      ] as const,
    ]),
  ),
  ...Object.fromEntries(
    ['Php-site', 'Node-site', 'Proxy-site'].map((name) => [
      `settings of ${name}`,
      [
        '/projects',
        async (page: Page): Promise<Locator> => {
          const dialog = await opened(page, `Edit ${name}`);
          await dialog.getByRole('button', { name: 'Add a variable' }).click();
          return dialog;
        },
      ] as const,
    ]),
  ),
  'import sites': ['/projects', (page) => opened(page, /^Import/)],
  'add a domain': ['/domains', (page) => opened(page, 'Add a domain')],
  'proxy rules': [
    '/domains',
    async (page) => {
      await page.getByRole('button', { name: 'Add a rule' }).click();
      return page.locator('[data-rule]');
    },
  ],
  'new database': ['/databases', (page) => opened(page, 'New database in PostgreSQL')],
  'import a dump': ['/databases', (page) => opened(page, 'Import shop')],
  'export a database': ['/databases', (page) => opened(page, 'Export shop')],
  'take a snapshot': ['/databases', (page) => opened(page, 'Take a snapshot')],
  'copy from another server': ['/databases', (page) => opened(page, /another server|Copy databases/)],
  'settings of PHP': ['/runtimes', (page) => opened(page, /^Settings php/i)],
  'create a pack': ['/runtimes', (page) => opened(page, 'Create a pack')],
  'the settings': [
    '/settings',
    async (page) => {
      await page.locator('[data-service-settings="postgres"] summary').click();
      await page.locator('[data-service-settings="postgres"]').getByLabel(/^Port/).waitFor();
      return page.locator('main');
    },
  ],
  'the command palette': [
    '/',
    async (page) => {
      await page.keyboard.press('Control+k');
      return page.locator('[data-palette]');
    },
  ],
};

async function opened(page: Page, button: string | RegExp): Promise<Locator> {
  await page
    .getByRole('button', { name: button, exact: typeof button === 'string' })
    .first()
    .click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  return dialog;
}

for (const [name, [path, open]] of Object.entries(FORMS)) {
  test(`${name}: each field takes any text`, async ({ page }) => {
    const daemon = await playDaemon(page, WORLD, {
      services: [
        aService('edge'),
        aService('php'),
        aService('postgres', { ports: [{ name: 'db', port: 5432, protocol: 'tcp' }] }),
      ],
    });
    await daemon.open(path);
    const form = await open(page);
    const fields = form.locator('input:not([type=checkbox],[type=radio],[type=file]), textarea');
    await expect(fields.first()).toBeVisible();
    const count = await fields.count();
    for (let index = 0; index < count; index++) {
      const field = fields.nth(index);
      for (const text of TEXTS) {
        await field.fill(text);
        expect(await field.inputValue()).toBe(text.replaceAll('\n', ''));
      }
      // As a person: key by key, and pasted.
      await field.fill('');
      await field.pressSequentially('8a');
      await field.evaluate((element) => document.execCommand('insertText', false, element.tagName));
      await expect(field).toBeVisible();
      await field.fill('');
    }
    await expect(page.locator('[data-broken]')).toHaveCount(0);
    expect(await fields.count()).toBeGreaterThan(0);
    daemon.expectNoErrors();
  });
}

test('a port that is none is said at its field, which gets the focus, and nothing is sent', async ({ page }) => {
  const daemon = await playDaemon(page, WORLD);
  await daemon.open('/');
  const dialog = await opened(page, 'Add a service');
  await dialog.getByLabel('Name', { exact: true }).fill('Queue');
  await dialog.getByLabel('Program').fill('php');
  await dialog.getByLabel('Port').fill('8o80');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByLabel('Port')).toBeFocused();
  await expect(dialog).toContainText('Enter a whole number from 1 to 65535');
  expect(called(daemon, 'services.define')).toBe(0);
});

test('an error in a dialog leaves the page and the way out', async ({ page }) => {
  const daemon = await playDaemon(page, {
    ...WORLD,
    'projects.shares': () => [{ projectId: 'php-site', url: null } as never],
  });
  await daemon.open('/projects');
  await page.getByRole('button', { name: 'Open Php-site on a phone' }).click();
  await expect(page.getByRole('dialog').locator('[data-broken]')).toContainText('This dialog had an error');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  // Nothing is dimmed or locked: the page takes a click.
  await page.getByRole('button', { name: 'Edit Php-site' }).click();
  await expect(page.getByRole('dialog')).toContainText('Settings of Php-site');
  daemon.expectNoErrors(/TypeError|uqr/);
});

test('an error of a page leaves the window, and the next page is whole', async ({ page }) => {
  const daemon = await playDaemon(page, { ...WORLD, 'activity.list': () => [null as never] });
  await daemon.open('/activity');
  await expect(page.locator('[data-broken]')).toContainText('This page had an error');
  await page.getByRole('link', { name: 'Projects', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await expect(page.locator('[data-broken]')).toHaveCount(0);
  daemon.expectNoErrors(/TypeError/);
});

test('an error of one part of a page leaves the others, also what was typed into them', async ({ page }) => {
  const daemon = await playDaemon(page, WORLD);
  await daemon.open('/settings');
  await page.locator('[data-service-settings="postgres"] summary').click();
  const port = page.locator('[data-service-settings="postgres"]').getByLabel(/^Port/);
  await port.fill('5433');
  daemon.answers['updater.status'] = () => ({ ...UPDATES, checks: null }) as never;
  daemon.publish('update:available', { version: '9.9.9' });
  await expect(page.locator('[data-broken]')).toHaveText(/This part of the page had an error/);
  await expect(port).toHaveValue('5433');
  await page.goto('http://127.0.0.1:9/#/domains');
  daemon.answers['certs.list'] = () => [null as never];
  daemon.publish('config:changed', { scope: 'domain', id: 'x' });
  await expect(page.getByRole('button', { name: 'Add a domain' })).toBeVisible();
  daemon.expectNoErrors(/TypeError/);
});

test('what was typed stays when the settings change, and a section that was opened stays open', async ({ page }) => {
  const daemon = await playDaemon(page, WORLD, { services: [aService('edge'), aService('postgres')] });
  await daemon.open('/settings');
  const feed = page.locator('[data-update-feed]').getByRole('textbox');
  await feed.fill('https://example.com/mine.json');
  await page.getByRole('textbox', { name: 'Value A' }).fill('typed');
  await page.getByRole('button', { name: 'Add a variable' }).first().click();
  await expect(page.getByRole('textbox', { name: 'Name' }).last()).toBeFocused();
  await page.locator('[data-service-settings="postgres"] summary').click();
  const asked = called(daemon, 'config.getApp');
  daemon.answers['config.getApp'] = () => ({ ...APP, startStack: false, overrides: { A: 'b', C: 'd' } });
  daemon.publish('config:changed', { scope: 'app', id: 'app' });
  daemon.publish('snapshot', { ...daemon.snapshot, services: [...daemon.snapshot.services].reverse() });
  await expect.poll(() => called(daemon, 'config.getApp')).toBeGreaterThan(asked);
  await expect(page.getByRole('switch', { name: 'Start the stack' })).not.toBeChecked();
  await expect(feed).toHaveValue('https://example.com/mine.json');
  await expect(page.getByRole('textbox', { name: 'Value A' }).first()).toHaveValue('typed');
  await expect(page.locator('details[data-service-settings="postgres"]')).toHaveAttribute('open');
  daemon.expectNoErrors();
});

test('Escape in a filled dialog asks first, and in an empty one it does not', async ({ page }) => {
  const daemon = await playDaemon(page, WORLD);
  await daemon.open('/projects');
  let dialog = await opened(page, 'New project');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  dialog = await opened(page, 'New project');
  await dialog.getByLabel('Name', { exact: true }).fill('Shop');
  await page.keyboard.press('Escape');
  await expect(dialog.locator('[data-discard]')).toBeVisible();
  await page.getByRole('button', { name: 'Keep editing' }).click();
  await expect(dialog.getByLabel('Name', { exact: true })).toHaveValue('Shop');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(dialog).toHaveCount(0);
  daemon.expectNoErrors();
});

const called = (daemon: FakeDaemon, name: string): number =>
  daemon.calls.filter(({ method }) => method === name).length;
