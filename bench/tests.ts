/** The integration suites that hold figures, one after another, each figure at its goal: `tests/figures.ts`. */
import { globSync, readFileSync } from 'node:fs';
import { runStep, tool } from '../scripts/steps.ts';

const files = globSync('tests/integration/*.test.ts').filter((file) => readFileSync(file, 'utf8').includes('atMost('));
const { ok } = await runStep(
  {
    name: 'suites with figures',
    command: tool('vitest'),
    args: ['run', '--project', 'integration', '--no-file-parallelism', ...files],
    env: { KOJIBOX_BENCH: '1' },
  },
  true,
);
process.exitCode = ok ? 0 : 1;
