/** Several homes change the hosts file at the same moment: none loses what another one wrote. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const HOMES = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'];
const ROUNDS = 40;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-at-once-'));
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
});
afterEach(() => rmSync(root, { recursive: true }));

/** Says each change of its block that did not stay. */
const helper = (home: string): string => `
  import { readFileSync } from 'node:fs';
  const { runActions } = await import('file://${resolve('installer/privileged/verbs.ts')}');
  const machine = { system: 'linux', root: ${JSON.stringify(root)}, now: () => 0, run() {}, setKernel() {} };
  for (let round = 0; round < ${ROUNDS}; round += 1) {
    const names = [\`r\${round}.${home}.test\`];
    const [{ status, message }] = runActions([{ verb: 'hosts.apply-block', home: '${home}', names }], machine);
    if (status !== 'changed') console.log(round, status, message);
  }`;

async function run(home: string): Promise<string> {
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', helper(home)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child, 'close');
  return output;
}

it.each([
  ['was killed', '99999999 left'],
  ['is no process any more that anybody knows', 'what is this'],
])('a lock of who %s does not block', async (_, content) => {
  writeFileSync(join(root, 'etc/.hosts.kojibox-lock'), content);
  expect(await run(HOMES[0]!)).toBe('');
  expect(readdirSync(join(root, 'etc'))).toEqual(['hosts']);
});

it('every block is the last one of its home', async () => {
  const said = await Promise.all(HOMES.map(run));
  expect(said).toEqual(HOMES.map(() => ''));
  const text = readFileSync(join(root, 'etc/hosts'), 'utf8');
  for (const home of HOMES) expect(text).toContain(`127.0.0.1 r${ROUNDS - 1}.${home}.test\n`);
  expect(text).toMatch(/^127\.0\.0\.1 localhost\n/);
  expect(readdirSync(join(root, 'etc'))).toEqual(['hosts']);
});
