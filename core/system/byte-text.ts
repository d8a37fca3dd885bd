/**
 * Files of someone else to which a block of ours is added: their text has one character for each byte (latin1), so that what is in there,
 * in whatever encoding, is given back byte for byte. Read as UTF-8, every other encoding would be damaged by the first change.
 */
import { Buffer } from 'node:buffer';
import type { FileSystem } from './files.ts';

/** Null when there is no such file. */
export async function readByteText({ readBytes }: Pick<FileSystem, 'readBytes'>, path: string): Promise<string | null> {
  const bytes = await readBytes(path);
  return bytes === null ? null : Buffer.from(bytes).toString('latin1');
}

/** What goes to the disk. */
export const bytesOf = (byteText: string): Uint8Array => Buffer.from(byteText, 'latin1');
/** @param text of ours, which is written as UTF-8 */
export const toByteText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
