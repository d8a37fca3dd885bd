import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conflictsInHosts, hostsBlock, setHostsBlock } from './hosts-block.ts';

const ID = 'abcd1234';
const line = fc.constantFrom(
  '127.0.0.1 localhost',
  '10.0.0.7 build.example',
  '# a note',
  '',
  '::1 localhost ip6-localhost',
  '127.0.0.1 mine.test',
);
const ending = fc.constantFrom('\n', '\r\n');
const file = fc
  .tuple(fc.array(line, { maxLength: 8 }), ending, fc.boolean())
  .map(([lines, newline, last]) => lines.join(newline) + (last && lines.length > 0 ? newline : ''));
const domains = fc.uniqueArray(fc.constantFrom('hello.test', 'shop.test', 'api.shop.test'), { maxLength: 3 });

describe('the block in the hosts file', () => {
  it('is idempotent, holds exactly the domains, and leaves everything else as it is', () => {
    fc.assert(
      fc.property(file, domains, (text, names) => {
        const once = setHostsBlock(text, ID, names);
        expect(setHostsBlock(once, ID, names)).toBe(once);
        expect(hostsBlock(once.replaceAll('\r', ''), ID).sort()).toEqual([...names].sort());
        expect(once.startsWith(text)).toBe(true);
      }),
    );
  });

  it('goes without a trace, but for a newline that was missing at the end', () => {
    fc.assert(
      fc.property(file, domains, (text, names) => {
        const removed = setHostsBlock(setHostsBlock(text, ID, names), ID, []);
        expect([text, `${text}\n`, `${text}\r\n`]).toContain(removed);
      }),
    );
  });

  it('heals a block that was doubled or lost its end', () => {
    const once = setHostsBlock('127.0.0.1 localhost\n', ID, ['hello.test']);
    const block = once.slice('127.0.0.1 localhost\n'.length);
    expect(setHostsBlock(once + block, ID, ['hello.test'])).toBe(once);
    const torn = `${once.replace(`# END kojibox ${ID}\n`, '')}10.0.0.7 build.example\n`;
    expect(setHostsBlock(torn, ID, [])).toBe('127.0.0.1 localhost\n10.0.0.7 build.example\n');
  });

  it('leaves the block of another home alone', () => {
    const other = setHostsBlock('', 'ffff0000', ['other.test']);
    const both = setHostsBlock(other, ID, ['hello.test']);
    expect(setHostsBlock(both, ID, [])).toBe(other);
  });

  it('sees lines that give a name another address', () => {
    expect(
      conflictsInHosts('10.0.0.7 hello.test # staging\n127.0.0.1 shop.test\n', ID, ['hello.test', 'shop.test']),
    ).toEqual(['10.0.0.7 hello.test']);
  });
});
