/** npm run bench [NAME …]: every benchmark of bench/, one after another; each prints its figures and its goals. */
import { existsSync } from 'node:fs';
import { runStep } from './steps.ts';

const ALL = ['certificates', 'runtimes', 'up', 'supervisor', 'logs', 'edge', 'tests', 'window'];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ALL;
let failed = !(await runStep({ name: 'build', command: process.execPath, args: ['scripts/build.ts'] })).ok;
for (const name of wanted) {
  const file = `bench/${name}.ts`;
  if (!existsSync(file)) {
    process.stderr.write(`there is no ${file}\n`);
    failed = true;
    continue;
  }
  process.stdout.write(`\n== ${name}\n`);
  failed = !(await runStep({ name, command: process.execPath, args: ['--no-warnings', file] }, true)).ok || failed;
}
process.exitCode = failed ? 1 : 0;
