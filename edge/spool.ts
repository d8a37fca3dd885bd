/** Bodies without a length, kept until they are whole: small ones in memory, large ones in a file that has no name any more. */
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BodyConsumer, RequestBody } from './exchange.ts';

const MAX_MEMORY_BYTES = 1024 * 1024;
const MAX_BYTES = 2 * 1024 * 1024 * 1024;

export interface Spooled extends RequestBody {
  readonly length: number;
  /** Frees what holds the body. Twice is harmless. */
  discard(): void;
}

/** Calls back with the whole body, or with why there is none: it is too large, or there is no room for it. */
export function spoolBody(body: RequestBody, done: (result: Spooled | 'too-large' | Error) => void): () => void {
  const spool = new Spool();
  let isOver = false;
  const finish = (result: Spooled | 'too-large' | Error): void => {
    if (isOver) return;
    isOver = true;
    if (result !== spool) spool.discard();
    done(result);
  };
  body.consume({
    content(data) {
      if (isOver) return true;
      try {
        if (!spool.add(data)) finish('too-large');
      } catch (error) {
        finish(error instanceof Error ? error : new Error(String(error)));
      }
      return true;
    },
    end: () => finish(spool),
  });
  return () => {
    isOver = true;
    spool.discard();
  };
}

class Spool implements Spooled {
  length = 0;
  #chunks: Buffer[] = [];
  #file: number | null = null;
  #resume: () => void = () => undefined;

  add(data: Buffer): boolean {
    this.length += data.length;
    if (this.length > MAX_BYTES) return false;
    if (this.#file === null && this.length <= MAX_MEMORY_BYTES) {
      this.#chunks.push(data);
      return true;
    }
    if (this.#file === null) {
      const folder = mkdtempSync(join(tmpdir(), 'kojibox-body-'));
      this.#file = openSync(join(folder, 'body'), 'wx+', 0o600);
      rmSync(folder, { recursive: true });
      for (const chunk of this.#chunks) writeAll(this.#file, chunk);
      this.#chunks = [];
    }
    writeAll(this.#file, data);
    return true;
  }

  consume(consumer: BodyConsumer): void {
    if (this.#file === null) {
      for (const chunk of this.#chunks) consumer.content(chunk);
      consumer.end();
      return;
    }
    const source = createReadStream('', { fd: this.#file, start: 0, autoClose: false });
    this.#resume = () => void source.resume();
    source.on('data', (data) => {
      if (!consumer.content(data as Buffer)) source.pause();
    });
    // The file is ours alone and has no name: reading it can only fail with the disk. The upstream then waits for the rest and gives up.
    source.on('error', () => this.discard());
    source.on('end', () => {
      consumer.end();
      this.discard();
    });
  }

  resume(): void {
    this.#resume();
  }

  discard(): void {
    this.#chunks = [];
    if (this.#file === null) return;
    closeSync(this.#file);
    this.#file = null;
  }
}

function writeAll(file: number, data: Buffer): void {
  for (let at = 0; at < data.length;) at += writeSync(file, data, at);
}
