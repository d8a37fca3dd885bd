/** Pictures of a page, to be looked at; taken only when they are asked for, with KOJIBOX_SCREENSHOTS=1. */
import type { Page } from 'playwright/test';

/** Both themes, two sizes; afterwards the page is dark and wide. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (!process.env['KOJIBOX_SCREENSHOTS']) return;
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [size, width] of [
      ['narrow', 420],
      ['wide', 1280],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: `test-results/pages/${name}-${colorScheme}-${size}.png`, animations: 'disabled' });
    }
}

/** One picture of the page as it is. */
export async function shootOnce(page: Page, name: string): Promise<void> {
  if (process.env['KOJIBOX_SCREENSHOTS'])
    await page.screenshot({ path: `test-results/pages/${name}.png`, animations: 'disabled' });
}
