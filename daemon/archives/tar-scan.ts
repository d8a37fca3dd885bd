/**
 * Reads the headers of a tar file and refuses what could write outside the folder it is unpacked into, or fill the disk.
 * Format: POSIX.1-2001 pax interchange format, and GNU long names (tar(5)).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';

const BLOCK = 512;

export interface ArchiveLimits {
  /** Unpacked bytes. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export const DEFAULT_LIMITS: ArchiveLimits = { maxBytes: 2_000_000_000, maxEntries: 200_000 };

export interface ScanResult {
  readonly entries: number;
  readonly bytes: number;
  /** Links with an absolute target, left out instead of refused when `skipAbsoluteLinks` was asked for. */
  readonly skipped: readonly string[];
}

export function unsafe(archive: string, detail: string): KojiboxError {
  return new KojiboxError('ARCHIVE_UNSAFE', `cannot unpack ${archive.split('/').at(-1) ?? archive}`, {
    detail,
    source: 'runtime',
  });
}

/** A path inside the archive, normalised; throws ARCHIVE_UNSAFE when it is absolute or climbs out. */
export function safeName(archive: string, name: string): string {
  if (name.includes('\0') || name.includes('\\'))
    throw unsafe(archive, `the name ${JSON.stringify(name)} has a forbidden character`);
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw unsafe(archive, `the name ${name} is absolute`);
  const normal = posix.normalize(name);
  if (normal === '..' || normal.startsWith('../')) throw unsafe(archive, `the name ${name} leads out of the folder`);
  return normal.replace(/\/$/, '');
}

/** A link's target, seen from the link; throws ARCHIVE_UNSAFE when it leaves the root. */
export function assertLinkStaysInside(archive: string, link: string, target: string): void {
  const reached = posix.normalize(posix.join(posix.dirname(link), target));
  if (target.startsWith('/') || reached === '..' || reached.startsWith('../'))
    throw unsafe(archive, `the link ${link} points to ${target}, outside the folder`);
}

/** @param file an uncompressed tar file on disk */
export function scanTar(file: string, limits: ArchiveLimits = DEFAULT_LIMITS, skipAbsoluteLinks = false): ScanResult {
  const descriptor = openSync(file, 'r');
  try {
    return scan(file, descriptor, limits, skipAbsoluteLinks);
  } finally {
    closeSync(descriptor);
  }
}

function scan(file: string, descriptor: number, limits: ArchiveLimits, skipAbsoluteLinks: boolean): ScanResult {
  const end = fstatSync(descriptor).size;
  const header = Buffer.alloc(BLOCK);
  const skipped: string[] = [];
  /** Names beneath a link would be written through it. */
  const links = new Set<string>();
  let longName: string | null = null;
  let longLink: string | null = null;
  let entries = 0;
  let bytes = 0;

  for (let at = 0; at + BLOCK <= end;) {
    readSync(descriptor, header, 0, BLOCK, at);
    if (header[0] === 0) break;
    assertChecksum(file, header);
    const size = readNumber(file, header.subarray(124, 136));
    const type = String.fromCharCode(header[156] ?? 0);
    const body = at + BLOCK;
    if (body + size > end) throw unsafe(file, 'it was cut off');
    at = body + Math.ceil(size / BLOCK) * BLOCK;

    if (type === 'L' || type === 'K') {
      if (size > 65536) throw unsafe(file, 'a name has more than 64 kB');
      const text = readBody(descriptor, body, size)
        .toString('utf8')
        .replace(/\0[\s\S]*$/, '');
      if (type === 'L') longName = text;
      else longLink = text;
      continue;
    }
    if (type === 'x' || type === 'g') {
      if (size > 1_048_576) throw unsafe(file, 'a pax header has more than 1 MB');
      const fields = paxFields(readBody(descriptor, body, size));
      longName = fields.get('path') ?? longName;
      longLink = fields.get('linkpath') ?? longLink;
      continue;
    }

    const name = safeName(file, longName ?? shortName(header));
    const target = longLink ?? text(header, 157, 100);
    longName = longLink = null;
    entries += 1;
    bytes += size;
    if (entries > limits.maxEntries) throw unsafe(file, `it has more than ${limits.maxEntries} entries`);
    if (bytes > limits.maxBytes) throw unsafe(file, `it would unpack to more than ${limits.maxBytes} bytes`);
    for (let parent = posix.dirname(name); parent !== '.'; parent = posix.dirname(parent)) {
      if (links.has(parent) && !skipAbsoluteLinks)
        throw unsafe(file, `${name} would be written through the link ${parent}`);
    }
    if (type === '2') {
      if (skipAbsoluteLinks && target.startsWith('/')) skipped.push(name);
      else assertLinkStaysInside(file, name, target);
      links.add(name);
    } else if (type === '1') {
      // A hard link's target is a name in the archive, seen from its root.
      safeName(file, target);
    } else if (!['0', '\0', '5', '7'].includes(type)) {
      throw unsafe(file, `${name} is a device, a pipe or something unknown (type ${type})`);
    }
  }
  return { entries, bytes, skipped };
}

const text = (header: Buffer, at: number, length: number): string =>
  header.toString('utf8', at, at + length).replace(/\0[\s\S]*$/, '');

function shortName(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal text, or base-256 with the top bit set (GNU). */
function readNumber(file: string, field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = BigInt((field[0] ?? 0) & 0x7f);
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw unsafe(file, 'an entry claims an impossible size');
    return Number(value);
  }
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trim();
  const value = digits === '' ? 0 : /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  if (!Number.isSafeInteger(value)) throw unsafe(file, 'an entry has an unreadable size');
  return value;
}

function assertChecksum(file: string, header: Buffer): void {
  let sum = 8 * 32;
  for (let index = 0; index < BLOCK; index++) if (index < 148 || index >= 156) sum += header[index] ?? 0;
  if (sum !== readNumber(file, header.subarray(148, 156))) throw unsafe(file, 'a header is damaged');
}

function readBody(descriptor: number, at: number, size: number): Buffer {
  const body = Buffer.alloc(size);
  readSync(descriptor, body, 0, size, at);
  return body;
}

/** Records "LENGTH KEY=VALUE\n". */
function paxFields(body: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = space === -1 ? NaN : Number(body.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= 0) break;
    const record = body.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals > 0) fields.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return fields;
}
