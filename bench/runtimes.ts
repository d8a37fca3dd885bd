/** Runtimes from nothing, over the network: one PHP, and all four of a stack with one reading of the archive's indexes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntimesWorld, never, silent } from '../tests/integration/runtimes-world.ts';
import { median, report } from './figures.ts';

const ROUNDS = 3;

async function fromNothing(...names: string[]): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'kojibox-bench-'));
  try {
    const { runtimes } = await createRuntimesWorld(home);
    const began = performance.now();
    await Promise.all(names.map((name) => runtimes.ensure(name, undefined, silent, never())));
    return performance.now() - began;
  } finally {
    rmSync(home, { recursive: true });
  }
}

const [php, stack]: [number[], number[]] = [[], []];
for (let round = 0; round < ROUNDS; round++) {
  php.push(await fromNothing('php'));
  stack.push(await fromNothing('php', 'mariadb', 'redis', 'postgres'));
}
report('PHP from nothing', `${(median(php) / 1000).toFixed(1)} s`, 'no slower than apt', php);
report('the four of a stack from nothing', `${(median(stack) / 1000).toFixed(1)} s`, 'at most 0.7 of apt', stack);
