import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atMost } from '../figures.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const run = promisify(execFile);
let world: StackWorld;

beforeAll(() => {
  world = createStackWorld();
});
afterAll(() => world.remove());

/** What bash would offer after these words, by the function it calls itself (bash(1), "Programmable Completion"). */
async function complete(...words: string[]): Promise<string[]> {
  const script = `eval "$(./koji completion bash)"
    [[ $(complete -p koji) == *_koji* ]] || exit 9
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _koji
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, KOJIBOX_HOME: world.home, KOJIBOX_HOSTS_FILE: join(world.root, 'hosts') };
  const { stdout } = await run('bash', ['--norc', '-c', script, 'bash', './koji', ...words], { env });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion in bash', () => {
  it('offers commands and flags, and starts no daemon for ids', async () => {
    expect(await complete('sta')).toEqual(['status', 'start']);
    expect(await complete('runtime', 'in')).toEqual(['install']);
    expect(await complete('mcp', '--allow', '=', 'o')).toEqual(['operate']);
    expect(await complete('quit', '--k')).toEqual(['--keep-services']);
    expect(await complete('start', '')).toEqual([]);
    expect(existsSync(world.path('app/daemon.json'))).toBe(false);
  });

  it('answers at once, and with the ids of a daemon that runs', async () => {
    await world.koji('info');
    const folder = join(world.root, 'my shop');
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.html'), 'shop');
    await world.call('config.setProject', {
      id: 'shop',
      name: 'Shop',
      path: folder,
      domain: 'shop.test',
      stack: 'static',
    });
    // A completion gives up on a daemon that is slow to answer, and offers nothing; on a busy machine it is asked again.
    const offers = (words: string[], wanted: string[]): Promise<void> =>
      expect.poll(() => complete(...words), { interval: 100 }).toEqual(wanted);
    await offers(['logs', 'po'], ['postgres']);
    await offers(['open', 'sh'], ['shop']);
    await offers(['domains', 'resolve', 'shop'], ['shop.test']);
    await offers(['runtime', 'install', 'php', '8.'], ['8.2', '8.4']);
    const times: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const began = performance.now();
      const answer = await world.koji('complete', '--', 'start', 'post');
      if (answer === 'postgres\tPostgreSQL, stopped\n') times.push(performance.now() - began);
      else expect(answer).toBe('');
    }
    console.log(`koji complete: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    // The best (of none: Infinity), because this machine may be busy with something else.
    expect(Math.min(...times)).toBeLessThan(atMost(150));
  });

  it.each(['bash', 'zsh', 'fish', 'powershell'])('%s has a script', async (shell) => {
    expect(await world.koji('completion', shell)).toContain('complete --');
  });

  it('an unknown shell is refused', async () => {
    expect((await world.kojiResult('completion', 'tcsh')).code).toBe(2);
  });
});
