import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { replaceFolderInPrograms } from './elf-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'kojibox-elf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BASE = 0x400000;
/** open(text), exit(0 if it could be opened, else 1); the address of the text is relative to the instruction. */
const CODE = [
  ...[0x48, 0x8d, 0x3d, 0, 0, 0, 0, 0x31, 0xf6, 0xb8, 2, 0, 0, 0, 0x0f, 0x05],
  ...[0x48, 0x89, 0xc7, 0x48, 0xc1, 0xef, 0x3f, 0xb8, 60, 0, 0, 0, 0x0f, 0x05],
];

/** A whole program without a library; see elf(5). */
function makeProgram(text: string, { spare = 4, takesIt = true } = {}): string {
  const image = Buffer.alloc(0x3000);
  const segments = [
    [1, 5, 0x1000, CODE.length],
    [1, 4, 0x2000, 0x200],
    [spare, 4, 0x2000, 0],
  ] as const;
  image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  for (const [at, value] of [
    [16, 2],
    [18, 62],
    [52, 64],
    [54, 56],
    [56, segments.length],
  ] as const)
    image.writeUInt16LE(value, at);
  image.writeUInt32LE(1, 20);
  image.writeBigUInt64LE(BigInt(BASE + 0x1000), 24);
  image.writeBigUInt64LE(64n, 32);
  for (const [index, [type, flags, offset, length]] of segments.entries()) {
    const at = 64 + index * 56;
    image.writeUInt32LE(type, at);
    image.writeUInt32LE(flags, at + 4);
    for (const [place, value] of [offset, BASE + offset, BASE + offset, length, length, 0x1000].entries())
      image.writeBigUInt64LE(BigInt(value), at + 8 + place * 8);
  }
  image.set(CODE, 0x1000);
  image.write(`\0${text}\0`, 0x2000);
  image.writeInt32LE(takesIt ? 0x2001 - 0x1007 : 0x2100 - 0x1007, 0x1003);
  const file = join(folder, `program-${Math.random()}`);
  writeFileSync(file, image);
  chmodSync(file, 0o755);
  return file;
}

const finds = (program: string): boolean => spawnSync(program).status === 0;
const here = `${folder}/${'long'.repeat(20)}`;
mkdirSync(here);
writeFileSync(join(here, 'UTC'), '');

describe('a folder that is compiled into a program', () => {
  it.runIf(existsSync('/proc/self/exe') && process.arch === 'x64')(
    'is another one afterwards, of any length',
    async () => {
      const program = makeProgram('/nowhere/UTC');
      expect(finds(program)).toBe(false);
      expect(await replaceFolderInPrograms([program], '/nowhere', here)).toBe(true);
      expect(finds(program)).toBe(true);
      // Once more: what was added before grows.
      const size = readFileSync(program).length;
      expect(await replaceFolderInPrograms([program], here, '/nowhere')).toBe(true);
      expect(finds(program)).toBe(false);
      expect(readFileSync(program).length - size).toBe('/nowhere/UTC'.length + 1);
    },
  );

  it('stays in all programs when one of them has it in a way that is not known', async () => {
    const good = makeProgram('/nowhere/UTC');
    for (const bad of [
      makeProgram('/nowhere/UTC', { takesIt: false }),
      makeProgram('/nowhere/UTC', { spare: 0x6474e551 }),
      makeProgram('/elsewhere/UTC'),
      makeProgram('/nowhere-else/UTC'),
    ]) {
      const before = [good, bad].map((file) => readFileSync(file));
      expect(await replaceFolderInPrograms([good, bad], '/nowhere', here)).toBe(false);
      expect([good, bad].map((file) => readFileSync(file))).toEqual(before);
    }
    const text = join(folder, 'text');
    writeFileSync(text, '#!/bin/sh\n');
    expect(await replaceFolderInPrograms([text], '/nowhere', here)).toBe(false);
  });
});
