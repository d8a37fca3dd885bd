/** Entries of several logs as one, by their time; of one log they stay in its order. */
import { parseCursor } from '../contract/logs.ts';
import { charsOf, detach, MAX_FOUND_CHARS } from '../core/logs/newest.ts';
import type { Found } from '../core/logs/search.ts';

type Batches = AsyncGenerator<Found[]>;

interface Head {
  readonly source: Batches;
  /** The next one to take is the last. */
  batch: Found[];
}

/** @returns the newest `limit`, oldest first; ends the sources */
export async function mergeNewest(
  sources: readonly Batches[],
  limit: number,
  before: string | undefined,
): Promise<Found[]> {
  const cursor = before === undefined ? null : parseCursor(before);
  let passedOver = 0;
  let chars = 0;
  const taken: Found[] = [];
  try {
    const heads = await begin(sources, (batch) => batch);
    while (taken.length < limit && chars < MAX_FOUND_CHARS) {
      const found = await takeFrom(
        heads,
        (a, b) => a >= b,
        (batch) => batch,
      );
      if (found === null) break;
      if (cursor !== null && passedOver < cursor.count && Date.parse(found.entry.ts) === cursor.at) passedOver += 1;
      else {
        taken.push(detach(found));
        chars += charsOf(found);
      }
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
  return taken.reverse();
}

/** Oldest first, all there are, in batches; ends the sources. */
export async function* mergeOldest(sources: readonly Batches[]): AsyncGenerator<Found[]> {
  const turn = (batch: Found[]): Found[] => batch.toReversed();
  try {
    const heads = await begin(sources, turn);
    for (;;) {
      const merged: Found[] = [];
      while (merged.length < 1000) {
        const found = await takeFrom(heads, (a, b) => a < b, turn);
        if (found === null) break;
        merged.push(found);
      }
      if (merged.length === 0) return;
      yield merged;
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}

type Prepare = (batch: Found[]) => Found[];

async function begin(sources: readonly Batches[], prepare: Prepare): Promise<Head[]> {
  const heads = sources.map((source): Head => ({ source, batch: [] }));
  await Promise.all(heads.map((head) => fill(head, prepare)));
  return heads.filter(({ batch }) => batch.length > 0);
}

/** Removes and gives the one that comes first; null when there is none in any. */
async function takeFrom(
  heads: Head[],
  isFirst: (ts: string, than: string) => boolean,
  prepare: Prepare,
): Promise<Found | null> {
  let first: Head | undefined;
  // All times have one form, so their text sorts them.
  for (const head of heads) if (first === undefined || isFirst(nextTs(head), nextTs(first))) first = head;
  const found = first?.batch.pop();
  if (first === undefined || found === undefined) return null;
  if (first.batch.length === 0 && !(await fill(first, prepare))) heads.splice(heads.indexOf(first), 1);
  return found;
}

const nextTs = ({ batch }: Head): string => batch.at(-1)?.entry.ts ?? '';

async function fill(head: Head, prepare: Prepare): Promise<boolean> {
  while (head.batch.length === 0) {
    const { value, done } = await head.source.next();
    if (done === true) return false;
    head.batch = prepare(value);
  }
  return true;
}
