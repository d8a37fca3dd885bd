/** 206 services and 304 projects: what the window asks, how long its pages are, and how soon it answers. */
import { expect, test, type Page } from 'playwright/test';
import { atMost } from '../figures.ts';
import { expectNoFindings } from '../e2e/axe.ts';
import { playDaemon, type FakeDaemon } from './fake-daemon.ts';
import { aProject, aService, aSite } from './window-data.ts';

const SERVICES = [
  aService('edge'),
  aService('php'),
  ...Array.from({ length: 203 }, (_, index) =>
    aService(`worker-${index + 1}`, { name: `Worker ${index + 1}`, runtime: null }),
  ),
  aService('crasher', { name: 'Crasher', state: 'error', health: 'unhealthy', evidence: null }),
];
const PROJECTS = Array.from({ length: 304 }, (_, index) =>
  aProject(`project-${index + 1}`, { name: `Project ${index + 1}` }),
);
/** A probe of each service every ten seconds: twenty events a second, nothing of it news. */
const EVENTS_PER_SECOND = 20;

async function manyOf(page: Page): Promise<FakeDaemon> {
  return playDaemon(
    page,
    {
      'config.listProjects': () => PROJECTS,
      'domains.list': () => PROJECTS.map(({ id, domain }) => ({ domain, projectId: id, targetPort: 0 })),
      'certs.list': () =>
        PROJECTS.map(({ domain }) => ({
          name: domain,
          path: `/x/${domain}.pem`,
          expiresAt: '2027-01-01T00:00:00.000Z',
        })),
      'databases.snapshots': () => ({ engines: [], snapshots: [], freeBytes: 1e9 }),
      'doctor.run': () => [],
    },
    {
      services: SERVICES,
      sites: PROJECTS.map(({ id, name, domain }) => aSite(id, { name, domain, url: `https://${domain}` })),
    },
  );
}
/** Health events as they come from a running stack. */
function beat(daemon: FakeDaemon): () => void {
  let at = 0;
  const timer = setInterval(() => {
    const service = SERVICES[at++ % SERVICES.length];
    if (service === undefined) return;
    const now = new Date().toISOString();
    daemon.publish('service:stateChanged', {
      ...service,
      lastUpdated: now,
      evidence: { text: 'it answered', latencyMs: Math.random(), at: now },
    });
  }, 1000 / EVENTS_PER_SECOND);
  return () => clearInterval(timer);
}
const heightOf = (page: Page): Promise<number> =>
  page.evaluate(() =>
    Math.max(...[...document.querySelectorAll('[data-scroller]')].map(({ scrollHeight }) => scrollHeight)),
  );

for (const [path, title] of [
  ['/', 'Dashboard'],
  ['/projects', 'Projects'],
  ['/databases', 'Databases'],
  ['/runtimes', 'Runtimes'],
  ['/domains', 'Domains'],
] as const) {
  test(`${title}: asks next to nothing while probes say that all is well, and has few nodes`, async ({ page }) => {
    const daemon = await manyOf(page);
    await daemon.open(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
    const stop = beat(daemon);
    await page.waitForTimeout(1500);
    const before = daemon.calls.length;
    await page.waitForTimeout(5000);
    const asked = daemon.calls.length - before;
    stop();
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    test.info().annotations.push({ type: 'measured', description: `${asked / 5} requests/s, ${nodes} nodes` });
    console.log(`${title}: ${asked / 5} requests/s, ${nodes} nodes, ${await heightOf(page)} px`);
    expect(asked).toBeLessThanOrEqual(1);
    expect(nodes).toBeLessThan(3000);
    daemon.expectNoErrors();
  });
}

test('services are searched, the failed ones come first, and scrolling shows all of them', async ({ page }) => {
  const daemon = await manyOf(page);
  await daemon.open();
  await expect(page.locator('[data-group]').first()).toContainText('Failed 1');
  await expect(page.locator('[data-service]').first()).toHaveAttribute('data-service', 'crasher');
  await page.getByRole('searchbox', { name: 'Filter services' }).fill('worker 203');
  await expect(page.locator('[data-service]')).toHaveCount(1);
  await page.keyboard.press('Escape');
  expect(await heightOf(page)).toBeLessThan(6000);
  await page.locator('[data-all-services]').first().click();
  await page.locator('[data-scroller]').evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await expect(page.locator('[data-service]').last()).toBeVisible();
  await page.locator('[data-scroller]').evaluate((element) => element.scrollTo(0, 0));
  await expect(page.locator('[data-service="crasher"]')).toBeAttached();
  await expectNoFindings(page, 'dashboard with many services');
  daemon.expectNoErrors();
});

test('projects are in natural order and found by a word', async ({ page }) => {
  const daemon = await manyOf(page);
  await daemon.open('/projects');
  const names = page.locator('[data-project] h2');
  await expect(names.nth(1)).toHaveText('Project 2');
  await expect(names.nth(2)).toHaveText('Project 3');
  await page.getByRole('searchbox').fill('304');
  await expect(page.locator('[data-project]')).toHaveCount(1);
  daemon.expectNoErrors();
});

test('the palette opens at once, among some seven hundred commands, and keeps up with typing', async ({ page }) => {
  const daemon = await manyOf(page);
  await daemon.open();
  const stop = beat(daemon);
  const opening = (): Promise<number> =>
    page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const began = performance.now();
          const observer = new MutationObserver(() => {
            if (document.querySelector('[data-palette] [role=option]') === null) return;
            observer.disconnect();
            requestAnimationFrame(() => resolve(performance.now() - began));
          });
          observer.observe(document.body, { childList: true, subtree: true });
          window.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
        }),
    );
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    times.push(await opening());
    await page.keyboard.press('Escape');
    await expect(page.locator('[data-palette]')).toHaveCount(0);
  }
  stop();
  console.log(`palette: ${times.map((time) => Math.round(time)).join(', ')} ms`);
  // The target is 300 ms; a busy machine gets the best of five.
  expect(Math.min(...times)).toBeLessThan(atMost(300));
  await page.keyboard.press('Control+k');
  expect(await page.getByRole('option').count()).toBeLessThan(60);
  await page.keyboard.type('worker 77');
  await expect(page.locator('[data-active="true"]')).toHaveText('Stop Worker 77');
  daemon.expectNoErrors();
});
