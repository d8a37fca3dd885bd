/** The inside of a .deb: an ar archive of three members, of which the last is the content as a packed tar; see deb(5). */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { unpackerFor, type Compression } from './decompress.ts';
import { limitBytes } from './limit-bytes.ts';
import { unsafe } from './tree-guard.ts';

const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;
const COMPRESSIONS: Readonly<Record<string, Compression>> = { '': 'none', '.gz': 'gzip', '.xz': 'xz', '.zst': 'zstd' };

export interface DebContent {
  readonly compression: Compression;
  readonly bytes: Buffer;
}

/** Read strictly: format first, then control, then content, and nothing else. Throws ARCHIVE_UNSAFE. @param file for messages */
export function readDeb(file: string, bytes: Buffer): DebContent {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw unsafe(file, 'it is not a Debian package');
  const members: { readonly name: string; readonly content: Buffer }[] = [];
  for (let at = MAGIC.length; at < bytes.length;) {
    const header = bytes.toString('latin1', at, at + HEADER_BYTES);
    const [, name = '', digits = ''] =
      /^([a-z0-9._-]{1,16})\/? *[\d ]{12}[\d ]{12}[\d ]{8}(\d{1,10}) *`\n$/.exec(header) ?? [];
    const size = Number(digits);
    if (name === '' || header.length !== HEADER_BYTES) throw unsafe(file, 'a header is damaged');
    const start = at + HEADER_BYTES;
    if (start + size > bytes.length) throw unsafe(file, 'it was cut off');
    members.push({ name, content: bytes.subarray(start, start + size) });
    if (members.length > 3) throw unsafe(file, 'it has more than three parts');
    // Members begin at even places.
    at = start + size + (size % 2);
  }
  const [format, control, data] = members;
  if (format?.name !== 'debian-binary' || !/^2\.\d+\n/.test(format.content.toString('latin1', 0, 8)))
    throw unsafe(file, 'its format is not known');
  if (control?.name.startsWith('control.tar') !== true) throw unsafe(file, 'it has no control part');
  const compression = COMPRESSIONS[/^data\.tar(|\.gz|\.xz|\.zst)$/.exec(data?.name ?? '')?.[1] ?? '?'];
  if (data === undefined || compression === undefined) throw unsafe(file, 'its content is in a form that is not known');
  return { compression, bytes: data.content };
}

/** Writes the content as a plain tar. Rejects with ARCHIVE_UNSAFE when it is damaged or larger than it may be, or with what the disk says. */
export async function writeDebContent(file: string, bytes: Buffer, target: string, maxBytes: number): Promise<void> {
  const content = readDeb(file, bytes);
  const unpacker = unpackerFor(file, content.compression);
  await unpacker.guard(
    pipeline(unpacker.open(Readable.from([content.bytes])), limitBytes(file, maxBytes), createWriteStream(target)),
  );
}
