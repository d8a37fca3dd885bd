/** Says which specs of Playwright passed at their second try only; scripts/test.ts repeats the names at its end. Its own list has the errors. */
import type { Reporter, TestCase, TestResult } from 'playwright/types/testReporter';
import { secondTryLine } from './second-try-line.ts';

export default class SecondTries implements Reporter {
  onTestEnd(test: TestCase, { status }: TestResult): void {
    if (status !== 'passed' || test.outcome() !== 'flaky') return;
    process.stdout.write(`\n${secondTryLine(test.titlePath().filter((part) => part !== ''))}\n`);
  }
}
