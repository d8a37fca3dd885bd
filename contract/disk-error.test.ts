import { describe, expect, it } from 'vitest';
import { diskFull, isDiskError, withPath } from './disk-error.ts';
import { KojiboxError } from './errors.ts';

const failure = (code: string, more: object = {}): Error => Object.assign(new Error(`${code}: x`), { code, ...more });

describe('a disk that takes nothing', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO'])('%s is DISK_FULL with the folder and a cure', (code) => {
    const error = diskFull(failure(code, { path: '/data/home/app/x.json' }), 'cannot store it');
    expect(error).toMatchObject({ code: 'DISK_FULL', message: 'cannot store it' });
    expect(error?.detail).toContain('/data/home/app');
    expect(error?.remedy).not.toBe('');
  });

  it('is found under what was wrapped around it', () => {
    const cause = failure('ENOSPC', { path: '/a/b' });
    const wrapped = new KojiboxError('START_FAILED', 'cannot start', {
      source: 'services',
      cause: new Error('x', { cause }),
    });
    expect(diskFull(wrapped, 'cannot start')).toMatchObject({ code: 'DISK_FULL', source: 'services' });
    expect(diskFull(diskFull(wrapped, 'first'), 'second')?.message).toBe('first');
  });

  it('names where was written, not what was read', () => {
    expect(diskFull(failure('ENOSPC', { path: '/templates/x', dest: '/home/new/x' }), '')?.detail).toContain(
      '/home/new',
    );
    expect(diskFull(withPath(failure('ENOSPC'), '/home/y/z'), '')?.detail).toContain('/home/y');
  });

  it('is no other error, and never an endless chain', () => {
    const endless = new Error('x');
    endless.cause = endless;
    for (const other of [
      endless,
      failure('EACCES'),
      'ENOSPC',
      null,
      undefined,
      new KojiboxError('INTERNAL', 'x', { source: 'x' }),
    ]) {
      expect(isDiskError(other)).toBe(false);
      expect(diskFull(other, 'x')).toBeNull();
    }
  });
});
