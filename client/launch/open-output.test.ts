import { describe, expect, it } from 'vitest';
import { explainUnwritable } from './open-output.ts';

const failure = (code: string): Error => Object.assign(new Error(`${code}: no, open '/home/me/x'`), { code });

describe('a home that cannot be written', () => {
  it.each([
    ['EACCES', 'PERMISSION_DENIED'],
    ['EROFS', 'PERMISSION_DENIED'],
    ['ENOSPC', 'DISK_FULL'],
  ])('%s is told as %s, with the folder and what was tried', (errno, code) =>
    expect(explainUnwritable(failure(errno), '/home/me')).toMatchObject({
      code,
      message: 'cannot write into /home/me',
      detail: expect.stringContaining('/home/me/x'),
    }),
  );
  it('is nothing else', () => {
    const other = failure('EISDIR');
    expect(explainUnwritable(other, '/home/me')).toBe(other);
  });
});
