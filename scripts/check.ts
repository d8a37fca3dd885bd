/** npm run check: the one word before a commit. `--fix` formats and regenerates first. */
import { runStep, tool, type Step } from './steps.ts';

const fix = process.argv.includes('--fix');
const node = process.execPath;

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

let failed = 0;
for (const step of steps) if (!(await runStep(step)).ok) failed += 1;
process.exitCode = failed === 0 ? 0 : 1;
