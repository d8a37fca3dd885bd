/** npm run check: the one word before a commit. `--fix` formats and regenerates first. */
import { runStep, tool, type Step } from './steps.ts';

const fix = process.argv.includes('--fix');
const node = process.execPath;

/** In this order; of those that go side by side, long ones first. */
const steps: readonly Step[] = [
  {
    name: 'format',
    command: tool('prettier'),
    args: [fix ? '--write' : '--check', '--log-level=warn', '--cache', '.'],
  },
  { name: 'lint', command: tool('oxlint'), args: ['--type-aware', '--max-warnings=0', ...(fix ? ['--fix'] : [])] },
  { name: 'types', command: tool('tsc'), args: ['-p', 'tsconfig.json'] },
  { name: 'types of the renderer', command: tool('vue-tsc'), args: ['-p', 'tsconfig.renderer.json', '--noEmit'] },
  { name: 'generated files', command: node, args: ['scripts/generate.ts', ...(fix ? [] : ['--check'])] },
  { name: 'dead code', command: tool('knip'), args: ['--no-progress'] },
  { name: 'architecture', command: tool('vitest'), args: ['run', '--project', 'architecture'] },
  { name: 'unit tests', command: tool('vitest'), args: ['run', '--project', 'unit'] },
];

/** What changes files, and what needs all processors itself, has the machine to itself; the rest goes two at a time. */
const isAlone = ({ command }: Step): boolean => fix || command === tool('vitest');
const AT_ONCE = 2;

let failed = 0;
const run = async (step: Step): Promise<void> => {
  if (!(await runStep(step)).ok) failed += 1;
};
const queue = steps.filter((step) => !isAlone(step));
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) await run(step);
  }),
);
for (const step of steps.filter(isAlone)) await run(step);
process.exitCode = failed === 0 ? 0 : 1;
