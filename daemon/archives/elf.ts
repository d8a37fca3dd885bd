/** Which libraries an ELF file needs; see elf(5). Reads 64-bit little-endian files, which is all that is installed. */
import { closeSync, openSync, readSync, fstatSync } from 'node:fs';

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;

/** Names of the needed libraries, e.g. `libz.so.1`; null when it is no ELF file, empty when it is static. */
export function neededLibraries(file: string): string[] | null {
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size;
    const read = (at: number, length: number): Buffer => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - at)));
      readSync(descriptor, buffer, 0, buffer.length, at);
      return buffer;
    };
    const header = read(0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return null;
    const count = header.readUInt16LE(56);
    const entrySize = header.readUInt16LE(54);
    const table = read(Number(header.readBigUInt64LE(32)), count * entrySize);
    const segments = Array.from({ length: count }, (_, index) => {
      const at = index * entrySize;
      const field = (offset: number): number => Number(table.readBigUInt64LE(at + offset));
      return { type: table.readUInt32LE(at), offset: field(8), address: field(16), fileSize: field(32) };
    });
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
    if (dynamic === undefined) return [];

    const entries = read(dynamic.offset, dynamic.fileSize);
    const needed: number[] = [];
    let stringsAddress = 0;
    for (let at = 0; at + 16 <= entries.length; at += 16) {
      const tag = entries.readBigInt64LE(at);
      const value = Number(entries.readBigUInt64LE(at + 8));
      if (tag === 0n) break;
      if (tag === DT_NEEDED) needed.push(value);
      if (tag === DT_STRTAB) stringsAddress = value;
    }
    const holder = segments.find(
      ({ type, address, fileSize }) =>
        type === PT_LOAD && stringsAddress >= address && stringsAddress < address + fileSize,
    );
    if (holder === undefined) return [];
    const strings = holder.offset + (stringsAddress - holder.address);
    return needed.map((offset) =>
      read(strings + offset, 256)
        .toString('latin1')
        .replace(/\0[\s\S]*$/, ''),
    );
  } finally {
    closeSync(descriptor);
  }
}
