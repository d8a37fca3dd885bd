/** Packed files by Node's own streams, and yauzl for zip files. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants, createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { PassThrough, Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { openPromise, type Entry } from 'yauzl';
import {
  PackedFileError,
  type FileInput,
  type FilterEnd,
  type FilterOptions,
  type PackedFiles,
  type Packing,
} from '../../core/system/packed-files.ts';

/** Of what a program says at its end. */
const KEPT_OUTPUT = 8000;
const PIECE_BYTES = 256 * 1024;
/** A link in the last place is refused, and a FIFO makes nothing wait; Windows has neither flag and needs none here. */
const NEW_CONTENT =
  constants.O_WRONLY |
  constants.O_CREAT |
  constants.O_TRUNC |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** RFC 1952, RFC 8878, the zip and xz file formats, bzip2(1). */
const MAGIC: readonly (readonly [start: readonly number[], packing: Packing | 'bzip2' | 'xz'])[] = [
  [[0x1f, 0x8b], 'gzip'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd'],
  [[0x50, 0x4b, 0x03, 0x04], 'zip'],
  [[0x42, 0x5a, 0x68], 'bzip2'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz'],
];

export const systemPackedFiles: PackedFiles = {
  async packingOf(path) {
    const file = await open(path);
    const head = Buffer.alloc(8);
    try {
      await file.read(head, 0, head.length, 0);
    } finally {
      await file.close();
    }
    const found = MAGIC.find(([start]) => start.every((byte, index) => head[index] === byte))?.[1] ?? 'none';
    if (found === 'bzip2' || found === 'xz')
      throw new PackedFileError(`it is packed with ${found}; unpack it first: ${found} -dk ${path}`);
    return found;
  },

  async read(input, signal) {
    for await (const piece of await openInput(input, signal)) {
      signal.throwIfAborted();
      input.through?.(piece as Buffer);
    }
  },

  async feed(input, command, args, options) {
    const source = await openInput(input, options.signal);
    const child = start(command, args, options, 'pipe', 'ignore');
    const { stdin } = child;
    if (stdin === null) throw new Error('a pipe was asked for');
    // A broken pipe: the program has ended, and its exit tells why.
    stdin.on('error', () => undefined);
    let damage: unknown = null;
    const watch = new Transform({
      transform: (piece: Buffer, _, done) => done(null, input.through?.(piece) ?? piece),
      flush: (done) => done(null, input.atEnd?.()),
    });
    const giveUp = (error: unknown): void => {
      damage ??= error;
      endGroup(child);
    };
    source.on('error', giveUp);
    watch.on('error', giveUp);
    source.pipe(watch).pipe(stdin);
    const end = await untilEnd(child, options.signal).finally(() => source.destroy());
    if (damage !== null) throw damage;
    return end;
  },

  async collect(command, args, output, options) {
    const { signal } = options;
    signal.throwIfAborted();
    const source = options.input === undefined ? null : await open(options.input);
    try {
      // Its folder may be another user's, who may have put a link there.
      const file = (await open(output.path, NEW_CONTENT, 0o600)).createWriteStream();
      const child = start(command, args, options, source === null ? 'ignore' : source.fd, 'pipe');
      if (child.stdout === null) throw new Error('a pipe was asked for');
      const watch = new Transform({
        transform(piece: Buffer, _, done) {
          output.watch?.(piece);
          done(null, piece);
        },
      });
      const written = pipeline(child.stdout, watch, packer(output.packing), file).catch((error: unknown) => {
        endGroup(child);
        throw error;
      });
      const [end] = await Promise.all([untilEnd(child, signal), written]);
      if (end.exitCode !== 0) await rm(output.path, { force: true });
      return end;
    } catch (error) {
      await rm(output.path, { force: true });
      signal.throwIfAborted();
      throw error;
    } finally {
      await source?.close();
    }
  },
};

/** Each in a group of its own, so that what it starts can be ended with it. */
const start = (
  command: string,
  args: readonly string[],
  { env, user }: FilterOptions,
  stdin: 'pipe' | 'ignore' | number,
  stdout: 'pipe' | 'ignore',
): ChildProcess =>
  spawn(command, args, {
    env: { ...env },
    cwd: '/',
    detached: true,
    stdio: [stdin, stdout, 'pipe'],
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

async function untilEnd(child: ChildProcess, signal: AbortSignal): Promise<FilterEnd> {
  const onAbort = (): void => endGroup(child);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      let stderr = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT_OUTPUT)));
      child.on('error', reject);
      child.on('close', (exitCode) => (signal.aborted ? reject(signal.reason) : resolve({ exitCode, stderr })));
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A stream of the unpacked content; damage is an error of it. */
async function openInput({ path, packing, onBytes }: FileInput, signal: AbortSignal): Promise<Readable> {
  signal.throwIfAborted();
  if (packing === 'zip') return openZip(path, onBytes);
  const unpack = packing === 'gzip' ? createGunzip() : packing === 'zstd' ? zstd(createZstdDecompress) : null;
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES });
  let done = 0;
  const counted = new Transform({
    transform(piece: Buffer, _, next) {
      onBytes?.((done += piece.length));
      next(null, piece);
    },
  });
  return unpack === null ? chain([file, counted]) : chain([file, counted, unpack]);
}

/** The last of the streams, which has the errors of all. A `pipe` alone would end it well where another one fails. */
function chain(streams: readonly [Readable, ...Transform[]]): Readable {
  const last = new PassThrough();
  const [first, ...others] = streams;
  first.on('error', (error) => last.destroy(error));
  let end: Readable = first;
  for (const next of others) {
    next.on('error', (error) => last.destroy(toPackedError(error)));
    end = end.pipe(next);
  }
  last.on('close', () => {
    for (const stream of streams) stream.destroy();
  });
  return end.pipe(last);
}

async function openZip(path: string, onBytes: FileInput['onBytes']): Promise<Readable> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
    throw toPackedError(error as Error);
  });
  try {
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) if (!/\/$|^__MACOSX\//.test(entry.fileName)) entries.push(entry);
    const [entry, ...others] = entries;
    if (entry === undefined || others.length > 0) {
      const names = entries.slice(0, 4).map(({ fileName }) => fileName);
      throw new PackedFileError(
        `the zip file must have one file in it, and has ${entries.length}${names.length === 0 ? '' : ` (${names.join(', ')})`}; unpack it first`,
      );
    }
    let done = 0;
    const counted = new Transform({
      transform(piece: Buffer, _, next) {
        done += piece.length;
        onBytes?.(Math.round((zip.fileSize * done) / Math.max(1, entry.uncompressedSize)));
        next(null, piece);
      },
    });
    const content = chain([await zip.openReadStreamPromise(entry), counted]);
    return content.on('close', () => zip.close());
  } catch (error) {
    zip.close();
    throw error instanceof PackedFileError ? error : toPackedError(error as Error);
  }
}

const toPackedError = ({ message }: Error): PackedFileError =>
  new PackedFileError(`it is damaged or was cut short: ${message}`);

function packer(packing: 'none' | 'gzip' | 'zstd'): Transform {
  if (packing === 'none') return new PassThrough();
  return packing === 'gzip' ? createGzip({ level: 6 }) : zstd(createZstdCompress);
}

/** Node has it since 22.15. */
function zstd<T extends Transform>(create: (() => T) | undefined): T {
  if (typeof create === 'function') return create();
  throw new PackedFileError('this Node cannot read or write zstd files; use a .gz file');
}
