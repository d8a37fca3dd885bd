/** Files that may be packed, as the input or the output of a program. Nothing is unpacked to the disk, and memory holds a piece at a time. */

import type { FileOwner } from './files.ts';

/** How a file is packed; `zip` is read only, and has to hold one file alone. */
export type Packing = 'none' | 'gzip' | 'zstd' | 'zip';

export interface FileInput {
  readonly path: string;
  readonly packing: Packing;
  /** Sees each unpacked piece on its way and gives what is passed on. */
  readonly through?: (piece: Uint8Array) => Uint8Array;
  /** What comes after the last piece of a file that was read to its end, and only then. */
  readonly atEnd?: () => Uint8Array;
  /** Bytes of the file as it lies on the disk, read so far. */
  readonly onBytes?: (done: number) => void;
}

export interface FileOutput {
  /** Written over, mode 0600; removed again when the program ends badly or is aborted. */
  readonly path: string;
  readonly packing: Exclude<Packing, 'zip'>;
  /** Sees each piece before it is packed. */
  readonly watch?: (piece: Uint8Array) => void;
}

export interface FilterOptions {
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Runs as this user; needs root. */
  readonly user?: FileOwner;
}

export interface CollectOptions extends FilterOptions {
  /** A file as its standard input, opened by the daemon; left out: it has none. */
  readonly input?: string;
}

/** How a program ended, and the end of what it said. */
export interface FilterEnd {
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** A packed file that is damaged, was cut short, or cannot be unpacked here; `message` says which. */
export class PackedFileError extends Error {}

export interface PackedFiles {
  /** By the first bytes, whatever its name. Rejects with a {@link PackedFileError} for a packing that is not read. */
  packingOf(path: string): Promise<Packing>;
  /** Reads all of it. Rejects with a {@link PackedFileError}, or when aborted. */
  read(input: FileInput, signal: AbortSignal): Promise<void>;
  /**
   * The file as the input of a program, whose output is thrown away. When the file cannot be read to its end, and when aborted, the program
   * and all that it started are killed before their input would end, so that none takes a part for the whole.
   */
  feed(input: FileInput, command: string, args: readonly string[], options: FilterOptions): Promise<FilterEnd>;
  /** The output of a program as a file. Rejects with the error of the disk, or when aborted, with the program and all that it started gone. */
  collect(command: string, args: readonly string[], output: FileOutput, options: CollectOptions): Promise<FilterEnd>;
}
