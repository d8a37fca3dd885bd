import { describe, expect, it } from 'vitest';
import type { Elevation } from './elevation.ts';
import { readOutcome, type Ending } from './outcome.ts';

const end = (exitCode: number | null, stdout = '', stderr = ''): Ending => ({ exitCode, stdout, stderr });
const results = [{ verb: 'ports.allow-low', status: 'changed', message: '' }] as const;
const reply = JSON.stringify({ version: 1, results, message: '' });
const read = (way: Elevation['way'], ending: Ending) =>
  readOutcome({ way }, ending, [{ verb: 'ports.allow-low' }], ['sudo sysctl x=80']);

describe('what came of the helper', () => {
  it('is its reply, also when it ended with an error or a shell printed before it', () => {
    expect(read('sudo', end(1, `welcome\n${reply}\n`))).toEqual(results);
  });

  it('is the exit code under UAC, which gives no output', () => {
    expect(read('uac', end(0))).toMatchObject([{ verb: 'ports.allow-low', status: 'changed' }]);
  });

  it.each([
    ['pkexec', end(126, '', 'Request dismissed')],
    ['sudo', end(1, '', 'sudo: 3 incorrect password attempts')],
    ['sudo', end(null)],
    ['osascript', end(1, '', 'execution error: User canceled. (-128)')],
    ['uac', end(1223)],
  ] as const)('is a no by the person: %s %j', (way, ending) => {
    expect(() => read(way, ending)).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
  });

  it.each([
    ['pkexec', end(127, '', 'Error: no authentication agent')],
    ['sudo', end(1, '', 'ann is not in the sudoers file.')],
    ['sudo-without-asking', end(1, '', 'sudo: a password is required')],
    ['root', end(2, JSON.stringify({ version: 1, results: null, message: 'no' }))],
    ['uac', end(1)],
  ] as const)('is a no by the system, with the command to run: %s %j', (way, ending) => {
    expect(() => read(way, ending)).toThrow(
      expect.objectContaining({
        code: 'PERMISSION_DENIED',
        remedy: 'Run in a terminal: sudo sysctl x=80',
        detail: expect.stringMatching(/./),
      }),
    );
  });
});
