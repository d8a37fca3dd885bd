import { expect, test } from 'playwright/test';
import { playDaemon } from './fake-daemon.ts';
import { aChange, aService, aSite } from './window-data.ts';

test('the chosen command stays chosen while health events arrive, and new commands come in above it', async ({
  page,
}) => {
  const daemon = await playDaemon(page);
  await daemon.open();
  await page.keyboard.press('Control+k');
  for (let step = 0; step < 6; step++) await page.keyboard.press('ArrowDown');
  const active = page.locator('[data-active="true"]');
  const chosen = await active.textContent();
  for (let turn = 0; turn < 20; turn++) {
    daemon.publish('service:stateChanged', aService('redis'));
    daemon.publish('service:stateChanged', aService('php', { state: turn % 2 ? 'running' : 'starting' }));
  }
  daemon.snapshot = { ...daemon.snapshot, sites: [aSite('early'), ...daemon.snapshot.sites] };
  daemon.publish('snapshot', daemon.snapshot);
  await expect(page.getByRole('option', { name: 'Open Early' })).toBeAttached();
  await expect(active).toHaveText(chosen ?? '');
  daemon.expectNoErrors();
});

test('"stop" and Enter stop one service, and Stop all asks before it does anything', async ({ page }) => {
  const daemon = await playDaemon(page, {
    'services.stop': ({ id }) => aService(id, { state: 'stopped', desired: 'down' }),
    'stack.down': () => aChange('stack.down', 'Stopping the stack'),
  });
  await daemon.open();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('stop');
  await expect(page.locator('[data-active="true"]')).not.toHaveText('Stop all');
  await page.keyboard.press('Enter');
  await expect.poll(() => daemon.calls.filter(({ method }) => method === 'services.stop')).toHaveLength(1);

  await page.keyboard.press('Control+k');
  await page.keyboard.type('stop all');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toContainText('Stop everything?');
  expect(daemon.calls.some(({ method }) => method === 'stack.down')).toBe(false);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(daemon.calls.some(({ method }) => method === 'stack.down')).toBe(false);
  await page.getByRole('button', { name: 'Stop all' }).click();
  await page.locator('[data-confirm]').click();
  await expect.poll(() => daemon.calls.some(({ method }) => method === 'stack.down')).toBe(true);
  daemon.expectNoErrors();
});
