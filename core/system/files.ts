/** The file system, as core sees it. All paths are absolute. Errors other than the documented ones are the system's own. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface FileStat {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
}

export interface WriteOptions {
  /** Permission bits, e.g. 0o600. */
  readonly mode?: number;
  readonly owner?: FileOwner;
}

export interface TreeSize {
  readonly files: number;
  readonly sizeBytes: number;
}

export interface CopyProgress {
  readonly signal: AbortSignal;
  /** Bytes so far; called often, must be cheap. */
  onBytes?(done: number): void;
}

export interface CopyResult extends TreeSize {
  /** The copy shares its blocks with the original: it took no time and no room. */
  readonly shared: boolean;
}

export interface ForeignLimits {
  /** Default: 1 MiB. */
  readonly maxBytes?: number;
  /** Default: 5,000. */
  readonly deadlineMs?: number;
}

/**
 * Where the daemon is root, no operation follows a link that another user made, neither on the way nor in the last place, and whole folders
 * are removed, copied and given away through open descriptors. Reading is the exception: a file that a stranger may have made is read with
 * `readForeign`.
 */
export interface FileSystem {
  /**
   * Text of a file that a user, another program or a stranger's repository may have made; null when there is none. Rejects with FILE_REFUSED
   * for anything but a regular file, for one that is too large, and when the disk does not answer in time.
   */
  readForeign(path: string, limits?: ForeignLimits): Promise<string | null>;
  /** Content, or null when there is no such file. */
  readText(path: string): Promise<string | null>;
  readBytes(path: string): Promise<Uint8Array | null>;
  /** Temp file beside the target, fsync, rename: readers see the old content or the new, never half. Makes missing parent folders. */
  writeAtomic(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** In place, for files that cannot be renamed over (a mount point). Not atomic. */
  overwrite(path: string, content: string | Uint8Array): Promise<void>;
  /** With parents; existing folders are fine and get mode and owner too. */
  makeDirectory(path: string, options?: WriteOptions): Promise<void>;
  /**
   * Makes a folder beside its place, under a name of its own, and puts it there when the work is done; it takes the place of an empty folder
   * only. When the work fails nothing is left.
   *
   * @param options.owner who gets all of it; null: it stays with the daemon's user
   * @param work gets the path to work in, which is good until it resolves and has no parent
   */
  buildFolder(
    path: string,
    options: { readonly owner: FileOwner | null },
    work: (folder: string) => Promise<void>,
  ): Promise<void>;
  /** File, link or whole folder; a missing one is fine. Links are removed, not followed. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  copyFile(from: string, to: string): Promise<void>;
  /**
   * Copies a folder with owners, modes and times to a place where nothing is; all of it is on the disk afterwards. Blocks are shared where
   * the file system can. Rejects when aborted, and with EINVAL for a link; then a part of the copy is there.
   */
  copyTree(from: string, to: string, options: CopyProgress): Promise<CopyResult>;
  /** Nothing where there is no folder. */
  measureTree(folder: string): Promise<TreeSize>;
  /** Names in a folder, sorted; empty when there is none. */
  list(path: string): Promise<string[]>;
  /** Of the link itself, not of its target; null when there is nothing. */
  stat(path: string): Promise<FileStat | null>;
  /** With all links resolved; null when there is nothing. */
  realPath(path: string): Promise<string | null>;
  symbolicLink(target: string, path: string): Promise<void>;
  changeOwner(path: string, owner: FileOwner, recursive?: boolean): Promise<void>;
  changeMode(path: string, mode: number): Promise<void>;
  canRead(path: string): Promise<boolean>;
  canWrite(path: string): Promise<boolean>;
  /** Bytes free for this user on the disk that holds the path (or its nearest existing parent). */
  freeBytes(path: string): Promise<number>;
}
