import { expect, it } from 'vitest';
import { memoryFiles } from '../importers/testing/memory-files.ts';
import { accountIn, accountOf } from './accounts.ts';
import type { System } from './system.ts';

const PASSWD =
  'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/sbin/nologin\nann:x:1000:1000::/home/ann:/bin/sh\n';

it('finds an account by its id alone', () => {
  expect(accountIn(PASSWD, 1000)).toEqual({ name: 'ann', home: '/home/ann' });
  expect(accountIn(PASSWD, 100)).toBeNull();
});

const system = (isRoot: boolean, getent = ''): Pick<System, 'files' | 'processes' | 'host'> =>
  ({
    files: memoryFiles({ '/etc/passwd': PASSWD, '/home/ann/.npmrc': '', '/home/me/.npmrc': '', '/net/bob/x': '' }),
    processes: { run: async () => ({ stdout: getent }) },
    host: { isRoot, serviceUser: { uid: 1000, gid: 1000 }, homeDirectory: '/home/me', environment: {} },
  }) as unknown as System;

it.each([
  ['the folder of the daemon’s own user is what its HOME says', false, 1000, '', { name: 'ann', home: '/home/me' }],
  ['root takes that of the table', true, 1000, '', { name: 'ann', home: '/home/ann' }],
  ['a home folder that is not there is none', true, 65534, '', null],
  ['a directory server is asked', true, 4000, 'bob:*:4000:4000::/net/bob:/bin/sh\n', { name: 'bob', home: '/net/bob' }],
  ['an unknown id has none', true, 4001, '', null],
])('%s', async (_, isRoot, uid, getent, expected) => {
  expect(await accountOf(system(isRoot, getent), uid)).toEqual(expected);
});
