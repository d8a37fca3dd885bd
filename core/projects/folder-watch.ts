/** Notices that the folder of a project has gone, or is back: nothing else says so while the stack runs. */
import { delay, type Clock } from '../system/clock.ts';

export interface FolderWatch {
  /** Looks once, for who asks for the state; a disk that does not answer is not waited for. */
  look(): Promise<void>;
  /** Looks again and again while a window shows the sites. */
  setActive(on: boolean): void;
}

const EVERY_MS = 3000;
/** A network disk may hang. */
const MOST_MS = 2000;

export function createFolderWatch(options: {
  readonly clock: Clock;
  folders(): readonly string[];
  isThere(path: string): Promise<boolean>;
  /** Brings the sites to what is there now. */
  changed(): Promise<void>;
}): FolderWatch {
  const { clock } = options;
  const known = new Map<string, boolean>();
  let looking: Promise<void> | null = null;
  let cancel: (() => void) | null = null;

  async function compare(): Promise<void> {
    const folders = options.folders();
    const seen = await Promise.all(folders.map(async (path) => [path, await options.isThere(path)] as const));
    const isNews = seen.some(([path, there]) => known.has(path) && known.get(path) !== there);
    known.clear();
    for (const [path, there] of seen) known.set(path, there);
    if (isNews) await options.changed();
  }
  async function look(): Promise<void> {
    const mine = (looking ??= compare().finally(() => (looking = null)));
    const waited = new AbortController();
    await Promise.race([mine, delay(clock, MOST_MS, waited.signal).catch(() => undefined)]);
    waited.abort();
  }
  function lookLater(): void {
    cancel = clock.after(EVERY_MS, () => void look().finally(() => cancel !== null && lookLater()));
  }
  return {
    look,
    setActive(on) {
      if (on === (cancel !== null)) return;
      cancel?.();
      cancel = null;
      if (on) lookLater();
    },
  };
}
