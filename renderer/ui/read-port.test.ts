import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readPort } from './read-port.ts';

it('reads ports from 1 to 65535 and nothing else', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 65_535 }), (port) => readPort(` ${port} `) === port));
  for (const text of ['', ' ', '0', '65536', '999999', '8e3', '0x50', '-1', '80.5', 'abc', '٨٠', '8 0'])
    expect(readPort(text), text).toBeNull();
});

it('takes any text without an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const port = readPort(text);
      return port === null || (port >= 1 && port <= 65_535);
    }),
  );
});
