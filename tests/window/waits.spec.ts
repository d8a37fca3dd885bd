/** Whatever can take longer than a second shows that it is under way: each button, against a daemon that takes its time. */
import { expect, test, type Page } from 'playwright/test';
import { KojiboxError } from '../../contract/errors.ts';
import type { OperationName } from '../../contract/index.ts';
import { playDaemon, type Answers } from './fake-daemon.ts';
import { aProject, APP, aRuntime, HOME } from './window-data.ts';

const ANSWER_MS = 3000;
const SEEN_MS = 1000;

const snapshot = {
  id: 's1',
  name: 'before',
  note: '',
  runtime: 'postgres',
  series: '17',
  version: '17.1',
  how: 'dump',
  kind: 'manual',
  createdAt: '2026-01-01T10:00:00.000Z',
  sizeBytes: 1,
  files: 1,
  complete: true,
  engine: 'postgres',
} as const;
const WORLD: Answers = {
  'config.listProjects': () => [aProject('hello')],
  'config.getProject': () => aProject('hello'),
  'runtime.list': () => [
    aRuntime('php', '8.2', { isDefault: true }),
    aRuntime('php', '8.3'),
    aRuntime('php', '8.4', { installed: null }),
  ],
  'databases.list': () => [
    {
      id: 'postgres',
      name: 'PostgreSQL',
      runtime: 'postgres',
      version: '17.0',
      running: true,
      dumpProblem: '',
      databases: [{ name: 'shop', sizeBytes: 1000, tables: 3 }],
    },
  ],
  'databases.tables': () => [],
  'databases.snapshots': () => ({
    engines: [{ id: 'postgres', name: 'PostgreSQL', series: '17', running: true, dumpProblem: '', sizeBytes: 1 }],
    snapshots: [snapshot],
    freeBytes: 1e9,
  }),
  'certs.stores': () => [
    { store: 'system', label: 'curl', present: true, trusted: false, reason: 'not added yet', command: null },
  ],
  'privileged.plan': () => ({ sentences: [], way: 'pkexec', byHand: [] }),
  'home.status': () => ({ ...HOME, previous: '/mnt/old' }),
  'config.getApp': () => APP,
  'firstRun.programs': () => [],
  'serverImport.list': () => [],
};

const press =
  (name: string | RegExp) =>
  async (page: Page): Promise<void> =>
    page
      .getByRole('button', { name, exact: typeof name === 'string' })
      .first()
      .click();
const inDialog =
  (opener: string, fill: Readonly<Record<string, string>>, action: string) =>
  async (page: Page): Promise<void> => {
    await press(opener)(page);
    const dialog = page.getByRole('dialog');
    for (const [label, text] of Object.entries(fill)) await dialog.getByLabel(label, { exact: true }).fill(text);
    await dialog.getByRole('button', { name: action, exact: true }).last().click();
  };
const confirmed =
  (name: string | RegExp) =>
  async (page: Page): Promise<void> => {
    await press(name)(page);
    await page.locator('[data-confirm]').click();
  };

const WAITS: readonly [what: OperationName, page: string, begin: (page: Page) => Promise<void>][] = [
  ['stack.down', '/', confirmed('Stop all')],
  ['services.restart', '/', press('Restart Redis')],
  ['projects.create', '/projects', inDialog('New project', { Name: 'Shop' }, 'New project')],
  ['projects.update', '/projects', press('Xdebug off: Hello')],
  ['projects.update', '/projects', inDialog('Edit Hello', { Name: 'Other' }, 'Save')],
  ['projects.share', '/projects', inDialog('Open Hello on a phone', {}, 'Share with this network')],
  ['projects.open', '/projects', press('Open in the editor: Hello')],
  ['runtime.install', '/runtimes', press(/^Install php 8\.4$/i)],
  ['runtime.use', '/runtimes', confirmed(/^Use by default: php 8\.3$/i)],
  ['php.settings', '/runtimes', press(/^Settings php/i)],
  ['databases.openAdminer', '/databases', press(/Adminer.*: shop/)],
  ['databases.create', '/databases', inDialog('New database in PostgreSQL', { Name: 'x' }, 'Add')],
  ['databases.export', '/databases', inDialog('Export shop', {}, 'Export')],
  ['databases.snapshot', '/databases', inDialog('Take a snapshot', { Name: 'x' }, 'Take a snapshot')],
  ['databases.restore', '/databases', confirmed('Restore: before')],
  ['databases.drop', '/databases', confirmed('Drop shop')],
  ['certs.trust', '/domains', press('Trust the local authority')],
  ['domains.applyHosts', '/domains', press('Write the hosts file')],
  ['updater.check', '/settings', press('Look for updates')],
  ['home.move', '/settings', async (page) => page.locator('[data-move-back]').click()],
  ['doctor.run', '/diagnostics', press('Check again')],
  ['diagnostics.create', '/diagnostics', press('Make a diagnostic bundle')],
];

for (const [index, [what, path, begin]] of WAITS.entries())
  test(`${index + 1}, ${path}: ${what} is seen to be under way`, async ({ page }) => {
    const daemon = await playDaemon(page, WORLD);
    await daemon.open(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    const late = async (): Promise<never> => {
      await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
      throw new KojiboxError('UNAVAILABLE', 'it is late', { source: 'test' });
    };
    const before = daemon.calls.length;
    if (what === 'doctor.run') await expect(page.locator('[data-summary]')).toBeVisible();
    daemon.answers[what] = late;
    await begin(page);
    await expect(page.locator('main, [role=dialog], header').locator('progress, [aria-busy=true]').first()).toBeVisible(
      {
        timeout: SEEN_MS,
      },
    );
    await expect.poll(() => daemon.calls.slice(before).map(({ method }) => method)).toContain(what);
  });

test('a button that is busy says for how long, keeps the focus, and takes no second click', async ({ page }) => {
  const daemon = await playDaemon(page, WORLD);
  let answer: (path: { path: string }) => void = () => undefined;
  daemon.answers['diagnostics.create'] = () => new Promise((resolve) => (answer = resolve as typeof answer));
  await daemon.open('/diagnostics');
  const button = page.getByRole('button', { name: 'Make a diagnostic bundle' });
  await button.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(button.locator('[data-elapsed]')).toHaveText(/[1-9] s/);
  await expect(button).toBeFocused();
  answer({ path: '/x.zip' });
  await expect(button).toHaveAttribute('aria-busy', 'false');
  expect(daemon.calls.filter(({ method }) => method === 'diagnostics.create')).toHaveLength(1);
});

test('a switch shows its new state at once, and goes back with the reason when it is refused', async ({ page }) => {
  const daemon = await playDaemon(page, WORLD);
  let refuse: () => void = () => undefined;
  daemon.answers['config.setApp'] = () =>
    new Promise((_, reject) => {
      refuse = () =>
        reject(new KojiboxError('VALIDATION_FAILED', 'no', { detail: 'startStack: the disk is full', source: 'test' }));
    });
  await daemon.open('/settings');
  const setting = page.getByRole('switch', { name: 'Start the stack when Kojibox starts' });
  await setting.click();
  await expect(setting).not.toBeChecked({ timeout: 300 });
  await expect.poll(() => daemon.calls.some(({ method }) => method === 'config.setApp')).toBe(true);
  refuse();
  await expect(setting).toBeChecked();
  await expect(page.getByRole('alert')).toHaveText('The disk is full');
  await expect(page.locator('[data-notice]')).toHaveCount(0);

  daemon.answers['config.setApp'] = () => 'ok';
  await setting.click();
  await expect(setting).not.toBeChecked({ timeout: 300 });
  await expect(page.getByRole('alert')).toHaveCount(0);
});
