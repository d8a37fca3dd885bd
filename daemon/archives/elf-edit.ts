/**
 * Gives a program another loader and run path; see elf(5) and ld.so(8). The new texts come in a segment of their own at the end of the file. Its
 * entry in the table of segments takes the place of a note, which nothing needs to run: so the table stays where and as long as it is.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_NOTE = 4;
const PF_READ = 4;
const DT_NULL = 0;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const SEGMENT_BYTES = 56;
const TAG_BYTES = 16;
/** The largest page of the platforms that are known. */
const ALIGN = 0x10000;

export interface ElfChange {
  /** Absolute path of the loader; null: it stays. */
  readonly interpreter: string | null;
  /** Folders with colons between them, `$ORIGIN` allowed. Written as RPATH, which also serves libraries that are opened later. */
  readonly runPath: string;
}

/**
 * To be called with fresh copies, never with a program that runs. Rejects what is no 64-bit little-endian program with segments to spare with
 * LINK_CHECK_FAILED.
 */
export function editElf(file: string, change: ElfChange): void {
  const descriptor = openSync(file, 'r+');
  try {
    edit(new Image(file, descriptor), change);
  } finally {
    closeSync(descriptor);
  }
}

interface Segment {
  /** Of its entry, in the file. */
  readonly at: number;
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

class Image {
  readonly size: number;
  readonly #file: string;
  readonly #descriptor: number;

  constructor(file: string, descriptor: number) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  read(at: number, length: number): Buffer {
    if (at < 0 || length < 0 || at + length > this.size) throw this.refuse('it was cut off');
    const bytes = Buffer.alloc(length);
    readSync(this.#descriptor, bytes, 0, length, at);
    return bytes;
  }

  write(at: number, bytes: Buffer): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
  }

  refuse(why: string): KojiboxError {
    return new KojiboxError('LINK_CHECK_FAILED', `cannot prepare ${basename(this.#file)}`, {
      detail: why,
      source: 'runtime',
    });
  }

  segments(): Segment[] {
    const header = this.read(0, 64);
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
      throw this.refuse('it is missing, or no program for this machine');
    if (header.readUInt16LE(54) !== SEGMENT_BYTES) throw this.refuse('its table of segments is not known');
    const start = Number(header.readBigUInt64LE(32));
    const table = this.read(start, header.readUInt16LE(56) * SEGMENT_BYTES);
    return Array.from({ length: table.length / SEGMENT_BYTES }, (_, index) => {
      const entry = table.subarray(index * SEGMENT_BYTES);
      const field = (at: number): number => Number(entry.readBigUInt64LE(at));
      return {
        at: start + index * SEGMENT_BYTES,
        type: entry.readUInt32LE(0),
        offset: field(8),
        address: field(16),
        fileSize: field(32),
        memorySize: field(40),
      };
    });
  }
}

function edit(image: Image, { interpreter, runPath }: ElfChange): void {
  const segments = image.segments();
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const last = loads.at(-1);
  if (last === undefined || dynamic === undefined) throw image.refuse('it needs no loader');
  // The loader wants the loaded segments in the order of their addresses: the entry must come after the last of them.
  const spare = segments.find(({ type, at }) => type === PT_NOTE && at > last.at);
  const loader = segments.find(({ type }) => type === PT_INTERP);
  if (spare === undefined || (interpreter !== null && loader === undefined))
    throw image.refuse('its table of segments has no room');

  const table = image.read(dynamic.offset, dynamic.fileSize);
  const tags = readTags(table);
  const strings = stringsOf(image, loads, tags);
  const path = Buffer.from(`${runPath}\0`);
  const program = interpreter === null ? Buffer.alloc(0) : Buffer.from(`${interpreter}\0`);
  const content = Buffer.concat([strings, path, program]);
  const offset = alignUp(image.size);
  const address = alignUp(Math.max(...loads.map((load) => load.address + load.memorySize)));

  setTags(image, table, tags, { strings: address, length: strings.length + path.length, runPath: strings.length });
  image.write(offset, content);
  image.write(dynamic.offset, table);
  image.write(spare.at, segmentOf(PT_LOAD, PF_READ, offset, address, content.length, ALIGN));
  if (interpreter !== null && loader !== undefined) {
    const at = strings.length + path.length;
    image.write(loader.at, segmentOf(PT_INTERP, PF_READ, offset + at, address + at, program.length, 1));
  }
}

const alignUp = (value: number): number => Math.ceil(value / ALIGN) * ALIGN;

interface Tag {
  readonly at: number;
  readonly tag: number;
  readonly value: number;
}

/** Up to and without DT_NULL. */
function readTags(table: Buffer): Tag[] {
  const tags: Tag[] = [];
  for (let at = 0; at + TAG_BYTES <= table.length; at += TAG_BYTES) {
    const tag = Number(table.readBigInt64LE(at));
    if (tag === DT_NULL) break;
    tags.push({ at, tag, value: Number(table.readBigUInt64LE(at + 8)) });
  }
  return tags;
}

function stringsOf(image: Image, loads: readonly Segment[], tags: readonly Tag[]): Buffer {
  const address = tags.find(({ tag }) => tag === DT_STRTAB)?.value;
  const length = tags.find(({ tag }) => tag === DT_STRSZ)?.value;
  const holder = loads.find(
    (load) => address !== undefined && address >= load.address && address < load.address + load.fileSize,
  );
  if (address === undefined || length === undefined || holder === undefined) throw image.refuse('it has no texts');
  return image.read(holder.offset + (address - holder.address), length);
}

/** One RPATH, no RUNPATH: where both are, the loader reads only the latter. */
function setTags(
  image: Image,
  table: Buffer,
  tags: readonly Tag[],
  to: { readonly strings: number; readonly length: number; readonly runPath: number },
): void {
  const put = (at: number, tag: number, value: number): void => {
    table.writeBigInt64LE(BigInt(tag), at);
    table.writeBigUInt64LE(BigInt(value), at + 8);
  };
  const paths = tags.filter(({ tag }) => tag === DT_RPATH || tag === DT_RUNPATH);
  const end = tags.length * TAG_BYTES;
  const isRoom = end + 2 * TAG_BYTES <= table.length;
  const at = paths[0]?.at ?? (isRoom ? end : null);
  if (at === null) throw image.refuse('its table of tags has no room');
  for (const { at: place } of paths) put(place, DT_RPATH, to.runPath);
  put(at, DT_RPATH, to.runPath);
  for (const { at: place, tag } of tags) {
    if (tag === DT_STRTAB) put(place, tag, to.strings);
    if (tag === DT_STRSZ) put(place, tag, to.length);
  }
}

function segmentOf(
  type: number,
  flags: number,
  offset: number,
  address: number,
  length: number,
  align: number,
): Buffer {
  const entry = Buffer.alloc(SEGMENT_BYTES);
  entry.writeUInt32LE(type, 0);
  entry.writeUInt32LE(flags, 4);
  for (const [at, value] of [offset, address, address, length, length, align].entries())
    entry.writeBigUInt64LE(BigInt(value), 8 + at * 8);
  return entry;
}
