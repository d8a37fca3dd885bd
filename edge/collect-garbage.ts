/** Memory of answers that were ended is given back when the engine collects garbage, which it does late for buffers outside of its heap. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** As much may wait for the collector; it takes some 20 ms. */
const MOST_BYTES = 16 * 1024 * 1024;
/** By then the connections have let go of what was ended. */
const AFTER_MS = 250;

let ended = 0;
let timer: NodeJS.Timeout | null = null;
let collect: (() => void) | null = null;

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** @param bytes that nothing needs any more */
export function collectLater(bytes: number): void {
  ended += bytes;
  if (ended < MOST_BYTES || timer !== null) return;
  timer = setTimeout(() => {
    timer = null;
    ended = 0;
    (collect ??= collector())();
  }, AFTER_MS);
  timer.unref();
}
