import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { KojiboxError } from '../../contract/errors.ts';
import { editElf } from './elf-edit.ts';
import { readElf } from './elf.ts';

const PROGRAM = '/usr/bin/env';
const LOADER = '/lib64/ld-linux-x86-64.so.2';
const folder = mkdtempSync(join(tmpdir(), 'kojibox-elf-'));
const program = join(folder, 'a program');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const canRun = existsSync(PROGRAM) && existsSync(LOADER);

describe.skipIf(!canRun)('a program with another loader', () => {
  const loader = join(folder, 'a loader with a longer path than the one before');
  beforeEach(() => {
    copyFileSync(PROGRAM, program);
    copyFileSync(LOADER, loader);
  });

  it('is loaded by it, and looks for libraries where it is told', () => {
    const before = readElf(program);
    editElf(program, { interpreter: loader, runPath: '$ORIGIN/../lib:/one' });
    expect(readElf(program)).toMatchObject({
      interpreter: loader,
      needed: before?.needed,
      rpath: ['$ORIGIN/../lib', '/one'],
      runpath: [],
    });
    expect(execFileSync(program, ['printf', 'it runs'], { encoding: 'utf8' })).toBe('it runs');
    rmSync(loader);
    expect(spawnSync(program, ['true']).error).toMatchObject({ code: 'ENOENT' });
  });

  it('can be edited only once: then it is refused, and stays as it is', () => {
    editElf(program, { interpreter: null, runPath: '/one' });
    editElf(program, { interpreter: loader, runPath: '/two' });
    const edited = readFileSync(program);
    expect(readElf(program)?.rpath).toEqual(['/two']);
    try {
      for (let times = 0; times < 5; times++) editElf(program, { interpreter: loader, runPath: '/three' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'LINK_CHECK_FAILED' });
      expect(readFileSync(program).length).toBeGreaterThanOrEqual(edited.length);
      expect(spawnSync(program, ['true']).status).toBe(0);
    }
  });

  it('is edited or refused, whatever byte of its headers is changed', () => {
    const whole = readFileSync(PROGRAM);
    fc.assert(
      fc.property(fc.nat({ max: 900 }), fc.nat({ max: 255 }), (at, byte) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        writeFileSync(program, bytes);
        try {
          editElf(program, { interpreter: loader, runPath: '/x' });
        } catch (error) {
          expect(error).toBeInstanceOf(KojiboxError);
        }
      }),
      { numRuns: 150 },
    );
  });
});
