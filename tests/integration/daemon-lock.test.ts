/** One holder of the lock of a home, whatever the moment at which processes come. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { acquireLock } from '../../daemon/daemon-lock.ts';
import { identifyNow } from '../../daemon/system/process-facts.linux.ts';

const CONTENDERS = 4;
const ROUNDS = 50;

interface Contender {
  readonly child: ChildProcess;
  take(file: string, moment: number): Promise<boolean>;
}

function startContender(): Contender {
  const child = spawn(process.execPath, ['--no-warnings', 'tests/fixtures/locks/contender.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async take(file, moment) {
      child.stdin.write(`${file} ${moment}\n`);
      const { value } = await lines.next();
      return value === 'got';
    },
  };
}
async function end({ child }: Contender): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
const now = (): number => performance.timeOrigin + performance.now();

let root: string;
/** Identity of a process that was killed. */
let dead: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-lock-'));
  const child = spawn('sleep', ['60']);
  dead = JSON.stringify(identifyNow(child.pid ?? 0));
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('of several processes that come at the same instant', () => {
  let contenders: Contender[] = [];
  afterEach(() => Promise.all(contenders.map(end)));

  it.each([
    ['there was no lock', () => null],
    ['a killed daemon left its lock', () => dead],
    ['a lock was left half written', () => ''],
    [
      'the process id is that of another process now',
      () => JSON.stringify({ ...identifyNow(process.pid), startTicks: 1 }),
    ],
    ['the machine was started anew since', () => JSON.stringify({ ...identifyNow(process.pid), bootId: 'before' })],
  ])(`exactly one gets it, ${ROUNDS} times, when %s`, async (name, left) => {
    contenders = Array.from({ length: CONTENDERS }, startContender);
    // The first answers come when all have started.
    await Promise.all(contenders.map(({ take }, index) => take(join(root, `warm-${index}`), 0)));
    const winners: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const file = join(root, `${name.replaceAll(' ', '-')}-${round}.lock`);
      const content = left();
      if (content !== null) writeFileSync(file, content);
      const moment = now() + 8;
      const got = await Promise.all(contenders.map(({ take }) => take(file, moment)));
      winners.push(got.filter(Boolean).length);
      // And it is the one whose identity everybody finds.
      expect((JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid).toBe(
        contenders[got.indexOf(true)]?.child.pid,
      );
    }
    expect(winners).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });
});

it('a killed holder makes room, again and again, and nothing is left beside the lock', async () => {
  const file = join(root, 'chain.lock');
  for (let round = 0; round < 5; round++) {
    const first = startContender();
    expect(await first.take(file, 0)).toBe(true);
    expect(acquireLock(file)).toBeNull();
    await end(first);
  }
  const mine = acquireLock(file);
  expect(mine).not.toBeNull();
  expect(readdirSync(root).filter((name) => name.startsWith('chain.lock'))).toEqual(['chain.lock']);
  mine?.release();
  expect(existsSync(file)).toBe(false);
});

it('one that was killed while it took over blocks nobody', async () => {
  const file = join(root, 'half.lock');
  writeFileSync(file, dead);
  // It had won the succession of the dead one, and was killed before it wrote its name into the lock.
  const victim = startContender();
  const won = join(root, 'half.lock.victim');
  await victim.take(won, 0);
  const identity = readFileSync(won, 'utf8');
  const { successorFile } = await import('../../daemon/daemon-lock.ts');
  writeFileSync(successorFile(file, dead), identity);
  expect(acquireLock(file)).toBeNull();
  await end(victim);
  expect(acquireLock(file)).not.toBeNull();
});
