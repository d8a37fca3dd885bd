import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { ownAccount } from './own-account.ts';

const ask = `import { ownAccount } from ${JSON.stringify(new URL('own-account.ts', import.meta.url).href)}; console.log(JSON.stringify(ownAccount()))`;

it.runIf(process.getuid?.() === 0)('a user without an entry in passwd has a name and a home', () => {
  const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', ask], {
    uid: 4_455_123,
    gid: 4_455_123,
    env: { PATH: process.env['PATH'], HOME: '/home/of-4455123' },
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toEqual({ username: 'uid-4455123', homedir: '/home/of-4455123' });
});

it('other errors are no missing entry', () => {
  const failing = (): never => {
    throw new TypeError('defect');
  };
  expect(() => ownAccount(failing)).toThrow('defect');
});
