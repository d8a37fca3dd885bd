/** Runs the system's tar and dpkg-deb. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { unsafe } from './tree-guard.ts';

/** Unpacked files can be read by the user who runs the services, whatever the daemon's own umask is. */
const UMASK = 0o022;

/** tar says only how much of a file it could write. */
const DISK_FULL = /No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/;

export interface ToolOptions {
  readonly signal?: AbortSignal | undefined;
  /** Where its standard output goes, and how much of it there may be. */
  readonly output?: { readonly file: string; readonly maxBytes: number };
}

/** Rejects with ENOSPC when the disk is full, with ARCHIVE_UNSAFE when the program does not accept the archive. */
export async function runTool(
  command: string,
  archive: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<void> {
  const { output, signal } = options;
  const before = process.umask(UMASK);
  const child = spawn(command, args, {
    stdio: ['ignore', output === undefined ? 'ignore' : 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
    ...(signal === undefined ? {} : { signal }),
  });
  process.umask(before);

  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (errors += part));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const written =
    output === undefined || child.stdout === null
      ? Promise.resolve()
      : pipeline(child.stdout, limitBytes(archive, output.maxBytes), createWriteStream(output.file));
  const [end, stream] = await Promise.allSettled([ended, written]);
  // What went wrong with the output ended the program too, by a closed pipe.
  if (stream.status === 'rejected') throw stream.reason;
  if (end.status === 'rejected') throw end.reason;
  if (end.value === 0) return;
  if (DISK_FULL.test(errors)) {
    throw Object.assign(new Error(`${command}: no space left on device`), { code: 'ENOSPC' });
  }
  throw unsafe(archive, `${command} ended with code ${end.value ?? '?'}: ${errors.trim().split('\n').at(-1) ?? ''}`);
}

/** Stops a bomb while it unfolds, not afterwards. */
export function limitBytes(archive: string, maxBytes: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed > maxBytes) done(unsafe(archive, `it unfolds to more than ${Math.round(maxBytes)} bytes`));
      else done(null, chunk);
    },
  });
}
