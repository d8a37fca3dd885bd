/** What a page must hold for everybody: no serious finding of axe, and nothing that sticks out of the window. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, type Page } from 'playwright/test';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * @param where for the message
 * @param within a selector; default: the whole page
 */
export async function expectNoFindings(page: Page, where: string, within?: string): Promise<void> {
  // The page's policy forbids foreign scripts; the test may still run one.
  await page.evaluate(axeSource);
  // Even the shortest transition ends with a frame; before that a colour is still the one of the other theme. Some turn for ever.
  await page.waitForFunction(() =>
    document
      .getAnimations()
      .every(
        ({ playState, effect }) =>
          playState === 'finished' || playState === 'idle' || effect?.getComputedTiming().iterations === Infinity,
      ),
  );
  const findings = await page.evaluate(async (part) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(context: unknown): Promise<{ violations: { id: string; impact: string; nodes: { target: string[] }[] }[] }>;
      };
    };
    return (await axe.run(part ?? document)).violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map(({ target }) => target.join(' '))
            .join(', ')}`,
      );
  }, within);
  expect(findings, where).toEqual([]);
}

/** Nothing sticks out of the window to its sides. */
export async function expectFits(page: Page, where: string): Promise<void> {
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth),
    `${where} sticks out of the window`,
  ).toBe(true);
}
