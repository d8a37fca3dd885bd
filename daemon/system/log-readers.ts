/** Who reads a live log right now: its rotation gives no blocks back before they are done. Only this process rotates. */
import { setTimeout as sleep } from 'node:timers/promises';

interface Readers {
  count: number;
  readonly gone: Promise<void>;
  readonly end: () => void;
}

/** By file: what lies before this byte was given up, although a reader may be at it. */
const dropped = new Map<string, number>();

const byInode = new Map<string, Readers>();
const keyOf = ({ dev, ino }: Inode): string => `${dev}:${ino}`;

export interface Inode {
  readonly dev: number;
  readonly ino: number;
}

/** Forgotten when no reader is left. */
export function noteDropped(inode: Inode, until: number): void {
  const key = keyOf(inode);
  if (byInode.has(key) || followers.has(key)) dropped.set(key, until);
}

/** By file: how often all of it was given up while it was written. */
const generations = new Map<string, number>();
export const generationOf = (inode: Inode): number => generations.get(keyOf(inode)) ?? 0;
export const noteTruncated = (inode: Inode): void => void generations.set(keyOf(inode), generationOf(inode) + 1);

/** First byte of the file that is still there for those that hold it. */
export const droppedUntil = (inode: Inode): number => dropped.get(keyOf(inode)) ?? 0;

/** @returns call it once, when nothing more is read */
export function holdLog(inode: Inode): () => void {
  const key = keyOf(inode);
  const readers = byInode.get(key) ?? newReaders();
  byInode.set(key, readers);
  readers.count += 1;
  return () => {
    readers.count -= 1;
    if (readers.count > 0) return;
    if (byInode.get(key) === readers) {
      byInode.delete(key);
      if (!followers.has(key)) dropped.delete(key);
    }
    readers.end();
  };
}

/** Resolves when no one reads the log that did when this was called; rejects when the signal says so first. */
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

/** Of each follower of a log: the next byte that it reads. */
const followers = new Map<string, Set<() => number>>();

/** @returns call it when it follows this file no longer */
export function holdFollowed(inode: Inode, position: () => number): () => void {
  const key = keyOf(inode);
  const all = followers.get(key) ?? new Set();
  followers.set(key, all);
  all.add(position);
  return () => {
    all.delete(position);
    if (all.size > 0) return;
    followers.delete(key);
    if (!byInode.has(key)) dropped.delete(key);
  };
}

const FOLLOW_MS = 2000;
const FOLLOW_LOOK_MS = 20;

/** Resolves when all who follow the log have read what lies before `end`, or take too long; they never fall behind for long. */
export async function untilFollowed(inode: Inode, end: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + FOLLOW_MS;
  const isBehind = (): boolean => [...(followers.get(keyOf(inode)) ?? [])].some((position) => position() < end);
  while (isBehind() && performance.now() < deadline) await sleep(FOLLOW_LOOK_MS, undefined, { signal });
}
