/** What an ELF file needs to run; see elf(5). Reads 64-bit little-endian files, which is all that is installed. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const MAX_STRING_BYTES = 4096;

export interface ElfFile {
  /** Names of the needed libraries, e.g. `libz.so.1`; empty when it is static. */
  readonly needed: readonly string[];
  /** Folders to look in, `$ORIGIN` not yet replaced. RPATH also serves what is opened later, RUNPATH only this file; see ld.so(8). */
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
  /** The program that loads it; null for a library. */
  readonly interpreter: string | null;
}

/** @returns null when it is no ELF file of this kind; throws what the disk says */
export function readElf(file: string): ElfFile | null {
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size;
    return parse((at, length) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - at)));
      readSync(descriptor, buffer, 0, buffer.length, at);
      return buffer;
    });
  } finally {
    closeSync(descriptor);
  }
}

function parse(read: (at: number, length: number) => Buffer): ElfFile | null {
  const header = read(0, 64);
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return null;
  const entrySize = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = read(Number(header.readBigUInt64LE(32)), count * entrySize);
  if (entrySize < 56 || table.length < count * entrySize) return null;
  const segments = Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    const field = (offset: number): number => Number(table.readBigUInt64LE(at + offset));
    return { type: table.readUInt32LE(at), offset: field(8), address: field(16), fileSize: field(32) };
  });
  const readString = (at: number): string =>
    read(at, MAX_STRING_BYTES)
      .toString('latin1')
      .replace(/\0[\s\S]*$/, '');

  const loader = segments.find(({ type }) => type === PT_INTERP);
  const interpreter = loader === undefined ? null : readString(loader.offset);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const tags = dynamic === undefined ? [] : readTags(read(dynamic.offset, dynamic.fileSize));
  const stringsAddress = tags.find(([tag]) => tag === DT_STRTAB)?.[1];
  const holder = segments.find(
    ({ type, address, fileSize }) =>
      type === PT_LOAD &&
      stringsAddress !== undefined &&
      stringsAddress >= address &&
      stringsAddress < address + fileSize,
  );
  if (stringsAddress === undefined || holder === undefined) return { needed: [], rpath: [], runpath: [], interpreter };
  const strings = holder.offset + (stringsAddress - holder.address);
  const all = (wanted: number): string[] =>
    tags.flatMap(([tag, value]) => (tag === wanted ? [readString(strings + value)] : []));
  const folders = (wanted: number): string[] => all(wanted).flatMap((path) => path.split(':').filter(Boolean));
  return { needed: all(DT_NEEDED), rpath: folders(DT_RPATH), runpath: folders(DT_RUNPATH), interpreter };
}

/** Pairs of tag and value, up to DT_NULL. */
function readTags(dynamic: Buffer): [number, number][] {
  const tags: [number, number][] = [];
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    const tag = Number(dynamic.readBigInt64LE(at));
    if (tag === 0) break;
    tags.push([tag, Number(dynamic.readBigUInt64LE(at + 8))]);
  }
  return tags;
}
