/** A program whose runtime is not there: offered in a terminal, an error with the command elsewhere. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RuntimeListEntry } from '../../contract/runtimes.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

let world: StackWorld;
beforeAll(() => {
  world = createStackWorld();
});
afterAll(() => world.remove());

const isInstalled = async (): Promise<boolean> =>
  (await world.call<RuntimeListEntry[]>('runtime.list')).some(
    ({ name, installed }) => name === 'redis' && installed !== null,
  );

/** In a pseudo terminal (script(1)); `keys` are typed when it asks. */
function inTerminal(keys: string, more: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; text: string }> {
  const child = spawn('script', ['-qec', './koji redis-cli --version', '/dev/null'], {
    env: { ...process.env, KOJIBOX_HOME: world.home, KOJIBOX_HOSTS_FILE: `${world.root}/hosts`, TERM: 'dumb', ...more },
    timeout: 90_000,
  });
  return new Promise((resolve) => {
    let text = '';
    let hasTyped = false;
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (hasTyped || !text.includes('Install it now?')) return;
      hasTyped = true;
      child.stdin.write(keys);
    });
    child.on('close', (code) => resolve({ code, text }));
  });
}

it('is an error with the exact command where nobody can be asked, or nobody wants to be', async () => {
  const { code, stderr, stdout } = await world.kojiResult('redis-cli', '--version');
  expect([code, stdout]).toEqual([11, '']);
  expect(stderr).toContain('Install it with: koji runtime install redis');
  const off = await inTerminal('', { KOJIBOX_NO_INSTALL: '1' });
  expect(off.code).toBe(11);
  expect(off.text).toContain('koji runtime install redis');
  expect(off.text).not.toContain('Install it now?');
});

it('is installed when the answer is yes, and runs then; no leaves all as it is', { timeout: 120_000 }, async () => {
  const no = await inTerminal('n\r');
  expect(no.text).toContain('redis is not installed. Install it now?');
  expect(no.code).toBe(11);
  expect(await isInstalled()).toBe(false);

  const yes = await inTerminal('\r');
  expect(yes.text).toMatch(/redis-cli 7\.\d/);
  expect(yes.code).toBe(0);
  expect(await isInstalled()).toBe(true);
  const again = await world.kojiResult('redis-cli', '--version');
  expect(again.stdout).toMatch(/^redis-cli 7/);
  expect(again.stderr).toBe('');
});
