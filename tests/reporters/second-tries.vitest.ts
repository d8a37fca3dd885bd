/** Says which tests of vitest passed at their second try only, and what the first one said; scripts/test.ts repeats the names at its end. */
import type { Reporter, TestCase } from 'vitest/node';
import { secondTryLine } from './second-try-line.ts';

export class SecondTries implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky !== true) return;
    const said = test.result().errors?.map(({ message, stack }) => `${message}\n${stack ?? ''}`) ?? [];
    process.stdout.write(`\n${secondTryLine([test.module.relativeModuleId, test.fullName])}\n${said.join('\n')}\n`);
  }
}
