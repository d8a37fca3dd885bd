import { Transform } from 'node:stream';
import { unsafe } from './tree-guard.ts';

/** Stops a bomb while it unfolds, not afterwards. */
export function limitBytes(archive: string, maxBytes: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed > maxBytes) done(unsafe(archive, `it unfolds to more than ${Math.round(maxBytes)} bytes`));
      else done(null, chunk);
    },
  });
}
