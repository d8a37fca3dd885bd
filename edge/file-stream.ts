/** Sends a part of a file, reading no more than the client takes. */
import { close, constants, open, read } from 'node:fs';
import { backlog } from './backlog.ts';
import { contained } from './boundary.ts';
import { fail, type Exchange, type Field } from './exchange.ts';
import { openFiles } from './open-files.ts';

/** What a client that takes nothing costs: one piece of this size. */
const FIRST_BYTES = 16 * 1024;
const MOST_BYTES = 256 * 1024;
/** A client that takes a piece within this time gets larger ones. */
const QUICK_MS = 100;

export interface FilePart {
  readonly file: string;
  /** First and last byte. */
  readonly start: number;
  readonly end: number;
}

/** A pipe that took the file's place since it was looked at must not block. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

export function streamFile(exchange: Exchange, status: number, fields: readonly Field[], part: FilePart): void {
  let descriptor: number | null = null;
  let isReading = false;
  let isOver = false;
  let position = part.start;
  let size = FIRST_BYTES;

  const finish = (): void => {
    isOver = true;
    // A read that is under way still uses it.
    if (isReading) return;
    if (descriptor !== null) close(descriptor, () => undefined);
    descriptor = null;
    leave();
  };
  const pump = (): void => {
    if (isOver || descriptor === null) return;
    const left = part.end - position + 1;
    if (left <= 0) {
      finish();
      exchange.end();
      return;
    }
    const piece = Buffer.allocUnsafeSlow(Math.min(size, left));
    isReading = true;
    read(
      descriptor,
      piece,
      0,
      piece.length,
      position,
      contained(exchange, (error: NodeJS.ErrnoException | null, length: number) => {
        isReading = false;
        if (isOver || error !== null || length === 0) {
          finish();
          // Shorter than announced, or a broken disk: the client must not take half for whole.
          exchange.abort();
          return;
        }
        position += length;
        if (exchange.write(length === piece.length ? piece : piece.subarray(0, length))) {
          pump();
          return;
        }
        const wroteAt = performance.now();
        exchange.whenWritable(() => {
          const isQuick = performance.now() - wroteAt < QUICK_MS;
          size = isQuick && !backlog.isCrowded ? Math.min(MOST_BYTES, size * 2) : Math.max(FIRST_BYTES, size / 2);
          pump();
        });
      }),
    );
  };
  let leave: () => void = () => undefined;
  leave = openFiles.take(() =>
    open(
      part.file,
      READ_FLAGS,
      contained(exchange, (error: NodeJS.ErrnoException | null, opened: number) => {
        if (error !== null) {
          finish();
          fail(exchange, error.code === 'EACCES' || error.code === 'EPERM' ? 403 : 404);
          return;
        }
        descriptor = opened;
        if (isOver) {
          finish();
          return;
        }
        exchange.begin(status, fields);
        pump();
      }),
    ),
  );
  exchange.onAbort(finish);
}
