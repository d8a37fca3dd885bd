/** Holds the newest of many found entries, and no more memory than that. Pure. */
import { Buffer } from 'node:buffer';
import type { Found } from './search.ts';

/** Of messages and texts, in characters; a log of monstrous entries gives fewer of them. */
export const MAX_FOUND_CHARS = 16 * 1024 * 1024;

export interface NewestFound {
  /** @param found in the order of the log, all newer than what was added before */
  add(found: readonly Found[]): void;
  /** In the order of the log. */
  list(): Found[];
}

export function createNewestFound(atMost: number): NewestFound {
  let kept: Found[] = [];
  let chars = 0;
  return {
    add(found) {
      for (const item of found.slice(-atMost)) {
        kept.push(detach(item));
        chars += charsOf(item);
      }
      let left = 0;
      while (kept.length - left > 1 && chars > MAX_FOUND_CHARS) chars -= charsOf(kept[left++]);
      // Not for each entry: moving the others takes time.
      if (left > 0 || kept.length > 2 * atMost) {
        const gone = Math.max(left, kept.length - atMost);
        for (const item of kept.slice(left, gone)) chars -= charsOf(item);
        kept = kept.slice(gone);
      }
    },
    list: () => kept.slice(-atMost),
  };
}

export const charsOf = (found: Found | undefined): number =>
  found === undefined ? 0 : found.entry.message.length + found.text.length;

/** A piece of a string keeps the whole string in memory; a copy does not. */
export function detach({ entry, text }: Found): Found {
  const fields = Object.fromEntries(Object.entries(entry.fields).map(([key, value]) => [copy(key), copy(value)]));
  return { entry: { ...entry, message: copy(entry.message), fields }, text: copy(text) };
}

/** V8 copies what is shorter by itself. */
const MIN_SLICE = 13;
const copy = (text: string): string => (text.length < MIN_SLICE ? text : Buffer.from(text, 'utf8').toString('utf8'));
