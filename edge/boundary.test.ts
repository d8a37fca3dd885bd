import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { contain, contained, guarded } from './boundary.ts';
import type { Exchange } from './exchange.ts';

const exchange = (given: number[]): Exchange =>
  ({
    method: 'GET',
    authority: 'a.test',
    path: '/',
    giveUp: (status: number) => given.push(status),
  }) as unknown as Exchange;
const throwing = (): never => {
  throw new Error('defect');
};

test('an error in the work of an exchange answers that exchange with 500 and goes no further', () => {
  const given: number[] = [];
  contain(exchange(given), throwing);
  contained(exchange(given), throwing)();
  expect(given).toEqual([500, 500]);
});

test('an error in a callback of a socket closes that socket', () => {
  let destroyed = 0;
  guarded({ destroy: () => (destroyed += 1) }, throwing)();
  expect(destroyed).toBe(1);
});

test('a process with the last resort lives on after an error that nothing caught, and writes it down', () => {
  const module = JSON.stringify(fileURLToPath(new URL('./boundary.ts', import.meta.url)));
  const script = `import { surviveUnexpectedErrors } from ${module};
    surviveUnexpectedErrors();
    setTimeout(() => { throw new Error('first'); });
    setTimeout(() => { Promise.reject(new Error('second')); }, 5);
    setTimeout(() => { console.log('alive'); }, 50);`;
  const { status, stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout).toMatch(/error unexpected: Error: first[^]*error unexpected: Error: second[^]*alive/);
});
