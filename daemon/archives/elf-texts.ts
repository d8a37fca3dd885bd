/**
 * Gives programs other paths than the ones that were compiled in, of any length; see elf(5). The new texts come in a segment at the end of the
 * file, and every instruction that takes the address of an old text takes the new one. The old texts stay: the linker may have put
 * the end of one to other uses. For programs of x86-64, position-independent, as Debian builds them.
 */
import { open, readFile } from 'node:fs/promises';

const PT_NULL = 0;
const PT_LOAD = 1;
const PT_NOTE = 4;
/** Marks for the processor; nothing needs them to run. */
const PT_GNU_PROPERTY = 0x6474e553;
const PF_EXECUTE = 1;
const PF_WRITE = 2;
const PF_READ = 4;
const EM_X86_64 = 62;
const SEGMENT_BYTES = 56;
const ALIGN = 0x10000;
const MAX_TEXT_BYTES = 4096;
/** `lea r64, [rip+disp32]`: REX.W with or without REX.R, 8D, a register, four bytes. Intel's manual, volume 2, LEA. */
const LEA_BYTES = 7;

interface Segment {
  /** Of its entry, in the file. */
  readonly at: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

/**
 * For fresh copies, never for a program that runs. All of them, or none is changed.
 *
 * @param from folder whose paths were compiled in, e.g. `/usr/share/zoneinfo`
 * @param to the one to look in
 * @returns whether the programs look there now: false when one has no such path, or one whose use is not understood
 */
export async function replaceFolderInPrograms(programs: readonly string[], from: string, to: string): Promise<boolean> {
  const edits: Edit[] = [];
  for (const file of programs) {
    const edit = planEdit(file, await readFile(file), from, to);
    if (edit === null) return false;
    edits.push(edit);
  }
  for (const { file, image, content, at } of edits) {
    const handle = await open(file, 'r+');
    try {
      await handle.write(image, 0, image.length, 0);
      await handle.write(content, 0, content.length, at);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  return true;
}

interface Edit {
  readonly file: string;
  readonly image: Buffer;
  /** Comes to `at`, behind the image. */
  readonly content: Buffer;
  readonly at: number;
}

function planEdit(file: string, image: Buffer, from: string, to: string): Edit | null {
  const segments = readSegments(image);
  const texts = findTexts(image, segments, from);
  const room = findRoom(image, segments);
  if (texts.length === 0 || room === null) return null;
  const start = room.address + room.length;
  const moved = new Map<number, number>();
  const parts: Buffer[] = [];
  let length = 0;
  for (const text of texts) {
    const part = Buffer.from(`${to}${text.value.slice(from.length)}\0`);
    moved.set(text.address, start + length);
    parts.push(part);
    length += part.length;
  }
  const used = retarget(image, segments, moved);
  // A path that is used in another way would still be looked at.
  if (texts.some((text) => !used.has(text.address))) return null;
  writeSegment(image, { ...room, length: room.length + length });
  return { file, image, content: Buffer.concat(parts), at: room.offset + room.length };
}

const alignUp = (value: number): number => Math.ceil(value / ALIGN) * ALIGN;
const isLoaded = ({ type }: Segment): boolean => type === PT_LOAD;

/** Empty for what is no program of this kind. */
function readSegments(image: Buffer): Segment[] {
  if (image.length < 64 || image.readUInt32BE(0) !== 0x7f454c46 || image[4] !== 2 || image[5] !== 1) return [];
  if (image.readUInt16LE(18) !== EM_X86_64 || image.readUInt16LE(54) !== SEGMENT_BYTES) return [];
  const start = Number(image.readBigUInt64LE(32));
  const count = image.readUInt16LE(56);
  if (start + count * SEGMENT_BYTES > image.length) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * SEGMENT_BYTES;
    const field = (place: number): number => Number(image.readBigUInt64LE(at + place));
    return {
      at,
      type: image.readUInt32LE(at),
      flags: image.readUInt32LE(at + 4),
      offset: field(8),
      address: field(16),
      fileSize: field(32),
      memorySize: field(40),
    };
  });
}

/** A segment at the end of the file. */
interface Room {
  /** Of its entry, in the file. */
  readonly at: number;
  readonly offset: number;
  readonly address: number;
  readonly length: number;
}

/** The last segment grows where it ends with the file and is only read; else there is a new one, in the place of an entry that nothing needs. */
function findRoom(image: Buffer, segments: readonly Segment[]): Room | null {
  const last = segments.findLast(isLoaded);
  if (last === undefined) return null;
  const { at, offset, address, fileSize, memorySize, flags } = last;
  if (flags === PF_READ && fileSize === memorySize && offset + fileSize === image.length)
    return { at, offset, address, length: fileSize };
  // The loader wants loaded segments in the order of their addresses: the entry must come after the last of them.
  const spare = segments.find(
    ({ type, at: place }) => place > at && (type === PT_NULL || type === PT_NOTE || type === PT_GNU_PROPERTY),
  );
  if (spare === undefined) return null;
  const end = Math.max(...segments.filter(isLoaded).map((load) => load.address + load.memorySize));
  return { at: spare.at, offset: alignUp(image.length), address: alignUp(end), length: 0 };
}

/** Whole texts that are the folder, or begin with it, in what is loaded and never written. */
function findTexts(
  image: Buffer,
  segments: readonly Segment[],
  folder: string,
): { readonly address: number; readonly value: string }[] {
  const wanted = Buffer.from(folder);
  return segments
    .filter((segment) => isLoaded(segment) && (segment.flags & (PF_WRITE | PF_EXECUTE)) === 0)
    .flatMap((segment) => {
      const bytes = image.subarray(segment.offset, segment.offset + segment.fileSize);
      const found: { address: number; value: string }[] = [];
      for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) {
        const end = bytes.indexOf(0, at);
        const isStart = at === 0 || bytes[at - 1] === 0;
        if (!isStart || end === -1 || end - at > MAX_TEXT_BYTES) continue;
        const value = bytes.toString('utf8', at, end);
        if (value === folder || value.startsWith(`${folder}/`)) found.push({ address: segment.address + at, value });
      }
      return found;
    });
}

/** @returns the addresses of the texts that an instruction took */
function retarget(image: Buffer, segments: readonly Segment[], moved: ReadonlyMap<number, number>): Set<number> {
  const used = new Set<number>();
  for (const { flags, offset, address, fileSize } of segments.filter(isLoaded)) {
    if ((flags & PF_EXECUTE) === 0) continue;
    const end = Math.min(offset + fileSize, image.length) - LEA_BYTES;
    for (let at = image.indexOf(0x8d, offset + 1); at !== -1 && at - 1 <= end; at = image.indexOf(0x8d, at + 1)) {
      const rex = image[at - 1] ?? 0;
      const register = image[at + 1] ?? 0;
      if ((rex !== 0x48 && rex !== 0x4c) || (register & 0xc7) !== 0x05) continue;
      const next = address + (at - 1 - offset) + LEA_BYTES;
      const target = next + image.readInt32LE(at + 2);
      const place = moved.get(target);
      if (place === undefined) continue;
      image.writeInt32LE(place - next, at + 2);
      used.add(target);
    }
  }
  return used;
}

function writeSegment(image: Buffer, { at, offset, address, length }: Room): void {
  image.writeUInt32LE(PT_LOAD, at);
  image.writeUInt32LE(PF_READ, at + 4);
  for (const [index, value] of [offset, address, address, length, length, ALIGN].entries())
    image.writeBigUInt64LE(BigInt(value), at + 8 + index * 8);
}
