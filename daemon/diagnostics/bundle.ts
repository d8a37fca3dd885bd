/** Writes the zip: one entry after another, so that memory holds one at a time. Format by yazl, the sister of yauzl. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ZipFile } from 'yazl';
import { KojiboxError } from '../../contract/errors.ts';

/** A name in the zip and how to get its text, redacted. */
export interface BundleEntry {
  readonly name: string;
  read(): Promise<string>;
}

const FULL = ['ENOSPC', 'EDQUOT'];

/** Mode 0600, and under its name only when it is whole. An entry that cannot be read says so in its place. Rejects with DISK_FULL, or the system's error. */
export async function writeBundle(path: string, entries: readonly BundleEntry[]): Promise<void> {
  const temporary = `${path}.tmp`;
  const zip = new ZipFile();
  for (const entry of entries)
    zip.addReadStreamLazy(entry.name, { mode: 0o100600 }, (answer) => {
      // Reading is caught below, so this never rejects.
      void textOf(entry).then((text) => answer(null, Readable.from([Buffer.from(text, 'utf8')])));
    });
  zip.end();
  try {
    await pipeline(zip.outputStream, createWriteStream(temporary, { mode: 0o600, flush: true }));
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (!FULL.includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new KojiboxError('DISK_FULL', 'cannot write the diagnostic bundle', {
      detail: path,
      source: 'daemon',
      cause,
    });
  }
}

async function textOf(entry: BundleEntry): Promise<string> {
  // Other clients get their turn between two entries.
  await nextTurn();
  try {
    return await entry.read();
  } catch (error) {
    // The message may hold a path; its code does not.
    const code = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.name : 'unknown');
    return `This part could not be read (${code}).\n`;
  }
}
