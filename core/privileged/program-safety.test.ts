import { describe, expect, it } from 'vitest';
import { unsafeProgram } from './program-safety.ts';

const ann = { uid: 1000, gid: 1000 };
const entry = (uid: number, gid: number, mode: number, path = '/x') => ({ path, uid, gid, mode });

describe('a program that root may be asked to run', () => {
  it.each([[entry(0, 0, 0o755)], [entry(0, 0, 0o775)], [entry(1000, 1000, 0o775)], [entry(0, 0, 0o1777, '/tmp')]])(
    'is root’s or one’s own: %j',
    (part) => expect(unsafeProgram([part], ann)).toBeNull(),
  );

  it.each([
    [entry(1001, 1001, 0o755), 'belongs to another user'],
    [entry(0, 0, 0o777), 'everybody may write'],
    [entry(1000, 1000, 0o757), 'everybody may write'],
    [entry(0, 50, 0o775), 'group 50 may write'],
  ])('is not what others can change: %j', (part, why) =>
    expect(unsafeProgram([entry(0, 0, 0o755), part], ann)).toContain(why),
  );
});
