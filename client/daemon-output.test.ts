import { expect, it } from 'vitest';
import { KojiboxError } from '../contract/errors.ts';
import { explainStart } from './daemon-output.ts';

const LOG = '/home/me/app/logs/daemon.out.log';

it('a daemon that knows why says it itself', () => {
  const known = new KojiboxError('CONFIG_CORRUPT', 'cannot read the settings', { detail: 'disk', source: 'config' });
  const output = `cannot read the settings: disk\n${JSON.stringify({ error: known.toBody('2030-01-01T00:00:00.000Z') })}\n`;
  expect(explainStart(output, 'it ended with code 78', LOG)).toMatchObject({ code: 'CONFIG_CORRUPT', detail: 'disk' });
});

it('of a program that cannot load, what was thrown, once, and the cure', () => {
  const once = `node:internal/modules/esm/resolve:262
    throw new ERR_MODULE_NOT_FOUND(
          ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'better-sqlite3' imported from /x/dist/daemon/main.mjs
    at packageResolve (node:internal/modules/esm/resolve:787:81) {
  code: 'ERR_MODULE_NOT_FOUND'
}

Node.js v24.0.0
`;
  const error = explainStart(`${once.repeat(3)}kojibox: gave up after 3 starts in a row`, 'it ended with code 1', LOG);
  expect(error.code).toBe('DAEMON_UNREACHABLE');
  expect(error.detail).toBe(
    "it ended with code 1: Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'better-sqlite3' imported from /x/dist/daemon/main.mjs",
  );
  expect(error.remedy).toBe(
    `Its program is not whole. Install Kojibox again (in a checkout: npm start), then run koji up. All it said is in ${LOG}.`,
  );
});

it('of one that said nothing, what was seen', () => {
  expect(explainStart('', 'it did not answer within 20 s', LOG)).toMatchObject({
    detail: 'it did not answer within 20 s',
    remedy: expect.stringContaining(LOG),
  });
  expect(explainStart("Error: EACCES: permission denied, mkdir '/x'\n    at mkdirSync\n", 'it ended', LOG).detail).toBe(
    "it ended: Error: EACCES: permission denied, mkdir '/x'",
  );
});
