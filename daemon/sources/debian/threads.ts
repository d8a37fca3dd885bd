/** Threads that unfold packed files: it is all that takes long here. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parentPort, Worker } from 'node:worker_threads';
import { KojiboxError } from '../../../contract/errors.ts';
import { unpackerFor, type Compression } from '../../archives/decompress.ts';
import { limitBytes } from '../../archives/limit-bytes.ts';
import { unfoldDeb } from '../../archives/unpack.ts';
import type { Failure } from './protocol.ts';

export type ThreadJob =
  /** The content of a package as a plain tar. */
  | { readonly do: 'unfold'; readonly file: string; readonly sha256: string; readonly target: string }
  /** A packed index as bytes. */
  | {
      readonly do: 'read';
      readonly file: string;
      readonly sha256: string;
      readonly compression: Compression;
      readonly sizeBytes: number;
    };
type ThreadReply = { readonly bytes: Uint8Array } | { readonly failure: Failure };

/** More would only wait for the disk. */
const MOST_THREADS = 4;

/** A file whose bytes are not those that were signed for. */
export class WrongDigest extends Error {
  readonly file: string;
  constructor(file: string) {
    super(file);
    this.file = file;
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof WrongDigest) return { kind: 'digest', file: error.file };
  if (error instanceof KojiboxError) return { kind: 'kojibox', body: error.toBody(new Date(0).toISOString()) };
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) };
  return code === undefined ? { kind: 'archive', message } : { kind: 'system', code, message };
}

export function serveThread(): void {
  parentPort?.on('message', (job: ThreadJob) => {
    void work(job).then(
      (bytes) =>
        parentPort?.postMessage({ bytes } satisfies ThreadReply, bytes.length > 0 ? [bytes.buffer as ArrayBuffer] : []),
      (error: unknown) => parentPort?.postMessage({ failure: failureOf(error) } satisfies ThreadReply),
    );
  });
}

async function work(job: ThreadJob): Promise<Uint8Array> {
  const check = (bytes: Buffer): void => {
    if (createHash('sha256').update(bytes).digest('hex') !== job.sha256) throw new WrongDigest(job.file);
  };
  if (job.do === 'unfold') {
    await unfoldDeb(job.file, job.target, check);
    return new Uint8Array();
  }
  const packed = await readFile(job.file);
  check(packed);
  const unpacker = unpackerFor(job.file, job.compression);
  const whole = new Uint8Array(job.sizeBytes);
  let at = 0;
  await unpacker.guard(
    pipeline(
      unpacker.open(Readable.from([packed])),
      limitBytes(job.file, job.sizeBytes),
      async (pieces: AsyncIterable<Buffer>) => {
        for await (const piece of pieces) {
          whole.set(piece, at);
          at += piece.length;
        }
      },
    ),
  );
  if (at !== job.sizeBytes) throw new WrongDigest(job.file);
  return whole;
}

export interface Threads {
  /** Rejects with a `Failure`. A job that is given up ends its thread. */
  run(job: ThreadJob, signal: AbortSignal): Promise<Uint8Array>;
}

export function createThreads(program: URL): Threads {
  const limit = Math.max(2, Math.min(MOST_THREADS, availableParallelism()));
  const idle: Worker[] = [];
  const waiting: (() => void)[] = [];
  let running = 0;

  const take = async (signal: AbortSignal): Promise<void> => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    if (!signal.aborted) return;
    give();
    signal.throwIfAborted();
  };
  const give = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };

  return {
    async run(job, signal) {
      await take(signal);
      const worker = idle.pop() ?? new Worker(program, { stderr: false });
      let isWhole = false;
      try {
        const reply = await replyOf(worker, job, signal);
        isWhole = true;
        if ('failure' in reply) throw new Failed(reply.failure);
        return reply.bytes;
      } finally {
        if (isWhole) idle.push(worker);
        else await worker.terminate();
        give();
      }
    },
  };
}

function replyOf(worker: Worker, job: ThreadJob, signal: AbortSignal): Promise<ThreadReply> {
  return new Promise((resolve, reject) => {
    const abort = (): void => end(() => reject(signal.reason as Error));
    const fail = (error: unknown): void => end(() => reject(error instanceof Error ? error : new Error(String(error))));
    const receive = (reply: ThreadReply): void => end(() => resolve(reply));
    // By name: Node listens to its workers too.
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      worker.off('message', receive);
      worker.off('error', fail);
      settle();
    };
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', receive);
    worker.on('error', fail);
    worker.postMessage(job);
  });
}

/** What went wrong in a thread, on its way to the daemon. */
export class Failed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.kind);
    this.failure = failure;
  }
}
