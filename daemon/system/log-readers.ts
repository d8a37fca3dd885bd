/** Who reads a live log right now: its rotation gives no blocks back before they are done. Only this process rotates. */

interface Readers {
  count: number;
  readonly gone: Promise<void>;
  readonly end: () => void;
}

const byInode = new Map<string, Readers>();
const keyOf = ({ dev, ino }: Inode): string => `${dev}:${ino}`;

interface Inode {
  readonly dev: number;
  readonly ino: number;
}

/** @returns call it once, when nothing more is read */
export function holdLog(inode: Inode): () => void {
  const key = keyOf(inode);
  const readers = byInode.get(key) ?? newReaders();
  byInode.set(key, readers);
  readers.count += 1;
  return () => {
    readers.count -= 1;
    if (readers.count > 0) return;
    if (byInode.get(key) === readers) byInode.delete(key);
    readers.end();
  };
}

/** Resolves when nobody reads the log that did when this was called; rejects when the signal says so first. */
export async function untilUnread(inode: Inode, signal: AbortSignal): Promise<void> {
  const readers = byInode.get(keyOf(inode));
  if (readers === undefined) return;
  // Who comes later does not keep this one waiting.
  byInode.delete(keyOf(inode));
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    signal.throwIfAborted();
    await Promise.race([readers.gone, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

function newReaders(): Readers {
  let end = (): void => undefined;
  const gone = new Promise<void>((resolve) => (end = resolve));
  return { count: 0, gone, end };
}
