/** What the interface must hold, in a real browser, with a warm daemon: the specs that hold figures, each at its goal (`tests/figures.ts`). */
import { runStep, tool } from '../scripts/steps.ts';

const env = { KOJIBOX_BENCH: '1' };
const run = async (name: string, config: string, ...specs: string[]): Promise<boolean> =>
  (await runStep({ name, command: tool('playwright'), args: ['test', '--config', config, ...specs], env }, true)).ok;

const results = [
  await run('the whole', 'tests/e2e/playwright.config.ts', 'performance', 'shell-start'),
  await run('the window by itself', 'tests/window/playwright.config.ts', 'many'),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
