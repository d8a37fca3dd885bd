/** The two containers for icons that systems want: both hold whole PNG files. */

/** Type codes of an ICNS with PNG inside, by the size in pixels that each stands for; 16 and 32 points have one for @2x of their own. */
const ICNS_TYPES: readonly (readonly [string, number])[] = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic11', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic13', 256],
  ['ic08', 256],
  ['ic14', 512],
  ['ic09', 512],
  ['ic10', 1024],
];
const ICO_SIZES = [16, 24, 32, 48, 64, 128, 256] as const;
const ICO_HEADER_BYTES = 6;
const ICO_ENTRY_BYTES = 16;

export const APP_SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024] as const;

type Pngs = ReadonlyMap<number, Buffer>;

function pngOf(pngs: Pngs, size: number): Buffer {
  const png = pngs.get(size);
  if (png === undefined) throw new Error(`no icon of ${size} pixels`);
  return png;
}

/** ICNS: a magic word, the length of the file, then type, length and data of each picture; all numbers big-endian. */
export function encodeIcns(pngs: Pngs): Buffer {
  const entry = (type: string, data: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(type, 0, 'latin1');
    head.writeUInt32BE(data.length + 8, 4);
    return Buffer.concat([head, data]);
  };
  return entry('icns', Buffer.concat(ICNS_TYPES.map(([type, size]) => entry(type, pngOf(pngs, size)))));
}

/** ICO: a directory of entries with size and place of each picture (a size of 256 is written as 0); all numbers little-endian. */
export function encodeIco(pngs: Pngs): Buffer {
  const header = Buffer.alloc(ICO_HEADER_BYTES);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(ICO_SIZES.length, 4);
  let offset = ICO_HEADER_BYTES + ICO_ENTRY_BYTES * ICO_SIZES.length;
  const entries = ICO_SIZES.map((size) => {
    const { length } = pngOf(pngs, size);
    const entry = Buffer.alloc(ICO_ENTRY_BYTES);
    entry.writeUInt8(size % 256, 0);
    entry.writeUInt8(size % 256, 1);
    entry.writeUInt16LE(1, 4);
    entry.writeUInt16LE(32, 6);
    entry.writeUInt32LE(length, 8);
    entry.writeUInt32LE(offset, 12);
    offset += length;
    return entry;
  });
  return Buffer.concat([header, ...entries, ...ICO_SIZES.map((size) => pngOf(pngs, size))]);
}
