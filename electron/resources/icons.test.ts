import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OverallState } from '../main/shell-state.ts';

const read = (path: string): Buffer => readFileSync(new URL(path, import.meta.url));
const MAGIC = Buffer.from('89504e470d0a1a0a', 'hex');
/** Width, height, and whether each point has a transparency of its own (PNG, section 11.2.1). */
function header(png: Buffer): { width: number; height: number; hasAlpha: boolean } {
  expect(png.subarray(0, 8)).toEqual(MAGIC);
  expect(png.toString('latin1', 12, 16)).toBe('IHDR');
  expect(png.toString('latin1', png.length - 8, png.length - 4)).toBe('IEND');
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), hasAlpha: png.readUInt8(25) === 6 };
}
const STATES: readonly OverallState[] = ['ready', 'busy', 'failed', 'stopped', 'offline'];

describe('the icons of the tray', () => {
  it.each([
    ['', 16],
    ['@2x', 32],
    ['Template', 16],
    ['Template@2x', 32],
  ] as const)('%s: one for each state, of %i pixels, each different', (suffix, size) => {
    const pictures = STATES.map((state) => read(`tray/${state}${suffix}.png`));
    for (const picture of pictures) expect(header(picture)).toEqual({ width: size, height: size, hasAlpha: true });
    // The templates are black throughout: they differ by their shape alone.
    expect(new Set(pictures.map((picture) => picture.toString('base64'))).size).toBe(STATES.length);
  });

  it('are drawn from sources that are there, and none is left over', () => {
    const names = readdirSync(new URL('tray', import.meta.url)).map((name) =>
      name.replace(/(Template)?(@2x)?\.png$/, ''),
    );
    const sources = readdirSync(new URL('sources/tray', import.meta.url)).map((name) => name.replace('.svg', ''));
    expect([...new Set(names)].sort()).toEqual(sources.sort());
    expect(header(read('tray/overlay.png'))).toMatchObject({ width: 16 });
  });
});

describe('the icon of the app', () => {
  it.each([16, 24, 32, 48, 64, 128, 256, 512, 1024])('%i pixels', (size) => {
    expect(header(read(`icons/${size}x${size}.png`))).toEqual({ width: size, height: size, hasAlpha: true });
  });

  it('ICNS: every entry is the picture that its type stands for', () => {
    const file = read('icon.icns');
    expect(file.toString('latin1', 0, 4)).toBe('icns');
    expect(file.readUInt32BE(4)).toBe(file.length);
    const found: Record<string, number> = {};
    for (let at = 8; at < file.length; at += file.readUInt32BE(at + 4))
      found[file.toString('latin1', at, at + 4)] = header(file.subarray(at + 8, at + file.readUInt32BE(at + 4))).width;
    expect(found).toEqual({
      icp4: 16,
      icp5: 32,
      ic11: 32,
      ic12: 64,
      ic07: 128,
      ic13: 256,
      ic08: 256,
      ic14: 512,
      ic09: 512,
      ic10: 1024,
    });
  });

  it('ICO: every entry of the directory leads to the picture that it tells of', () => {
    const file = read('icon.ico');
    expect([file.readUInt16LE(0), file.readUInt16LE(2)]).toEqual([0, 1]);
    const sizes = Array.from({ length: file.readUInt16LE(4) }, (_, index) => {
      const at = 6 + index * 16;
      const [bytes, offset] = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)];
      const { width } = header(file.subarray(offset, offset + bytes));
      expect(file.readUInt8(at) || 256).toBe(width);
      return width;
    });
    expect(sizes).toEqual([16, 24, 32, 48, 64, 128, 256]);
  });
});
