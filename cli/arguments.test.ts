import { describe, expect, it } from 'vitest';
import { operations } from '../contract/index.ts';
import type { Operation } from '../contract/define.ts';
import { parseOperationArguments } from './arguments.ts';

const all: readonly Operation[] = operations;
const parse = (name: string, ...argv: string[]): unknown => {
  const operation = all.find((one) => one.name === name);
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return parseOperationArguments(operation, argv);
};

describe('a runtime with its version', () => {
  const withVersions = all.filter(({ cli }) => Object.values(cli?.completes ?? {}).includes('runtime-versions'));

  it.each(withVersions.map(({ name }) => name))('%s takes both forms', (name) => {
    expect(parse(name, 'php', '8.4')).toEqual({ name: 'php', version: '8.4' });
    expect(parse(name, 'php@8.4')).toEqual({ name: 'php', version: '8.4' });
    expect(parse(name, 'postgres-client@17')).toEqual({ name: 'postgres-client', version: '17' });
  });

  it('is refused where it is said twice or only half', () => {
    expect(withVersions.length).toBeGreaterThan(3);
    expect(parse('runtime.install', 'php')).toEqual({ name: 'php' });
    for (const argv of [['php@8.4', '8.3'], ['php@'], ['@8.4']])
      expect(() => parse('runtime.install', ...argv)).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });

  it('is no matter of other words: an @ elsewhere stays', () => {
    expect(parse('runtime.lock', 'shop', '/a@b')).toEqual({ project: 'shop', path: '/a@b' });
  });
});

describe('values of flags', () => {
  it('may begin with a dash', () => {
    expect(parse('services.define', 'q', 'php', '--args', 'artisan', '--args', '--tries=1', '--args', '-v')).toEqual({
      id: 'q',
      binary: 'php',
      args: ['artisan', '--tries=1', '-v'],
    });
  });

  it('are not taken from the next flag of the same command', () => {
    expect(() => parse('services.define', 'q', 'php', '--args', '--cwd', '/tmp')).toThrow(
      expect.objectContaining({ code: 'VALIDATION_FAILED' }),
    );
  });

  it('a switch without a default can be said off', () => {
    expect(parse('projects.update', 'shop', '--no-autostart')).toEqual({ id: 'shop', autostart: false });
    expect(parse('projects.update', 'shop', '--autostart', '--unset', 'XDEBUG')).toEqual({
      id: 'shop',
      autostart: true,
      unset: ['XDEBUG'],
    });
  });
});

describe('what follows --', () => {
  it('is a command line for the operation that takes one', () => {
    expect(parse('services.define', 'q', '--cwd', '/srv', '--', 'php', 'artisan', '--tries=1', '--cwd')).toEqual({
      id: 'q',
      binary: 'php',
      cwd: '/srv',
      args: ['artisan', '--tries=1', '--cwd'],
    });
  });

  it('is refused by every other one', () => {
    expect(() => parse('services.start', 'q', '--', 'more')).toThrow(
      expect.objectContaining({ code: 'VALIDATION_FAILED' }),
    );
  });
});
