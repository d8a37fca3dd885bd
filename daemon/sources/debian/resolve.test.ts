import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIndex, type PackageIndex } from './index-reader.ts';
import { resolveClosure } from './resolve.ts';

const stanza = (fields: Readonly<Record<string, string>>): string => {
  const { Package: name = '', Version: version = '1', ...rest } = fields;
  const all = {
    Package: name,
    Version: version,
    Architecture: 'amd64',
    Filename: `pool/${name}_${version}_amd64.deb`,
    Size: '1',
    SHA256: 'a'.repeat(64),
    ...rest,
  };
  return `${Object.entries(all)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')}\n`;
};
const indexOf = (...packages: Readonly<Record<string, string>>[]): PackageIndex =>
  readIndex(Buffer.from(packages.map(stanza).join('\n')));
const closure = (indexes: PackageIndex[], packages: string[], leftOut: string[] = [], extra: string[] = []): string[] =>
  resolveClosure(indexes, { packages, extra, isWanted: (name) => !leftOut.includes(name) }).map(
    ({ item }) => `${item.name} ${item.version}`,
  );

describe('what a tree needs', () => {
  it('is the closure, with the newest version that any index has', () => {
    const main = indexOf({ Package: 'a', Depends: 'b (>= 1)' }, { Package: 'b' }, { Package: 'c' });
    const security = indexOf({ Package: 'b', Version: '1+deb12u1', 'Pre-Depends': 'c' });
    expect(closure([main, security], ['a'])).toEqual(['a 1', 'b 1+deb12u1', 'c 1']);
  });

  it('has one of several alternatives: what is there already, else the first that can be had', () => {
    const index = indexOf({ Package: 'a', Depends: 'x | b | c' }, { Package: 'b' }, { Package: 'c' });
    expect(closure([index], ['a'])).toEqual(['a 1', 'b 1']);
    expect(closure([index], ['c', 'a'])).toEqual(['a 1', 'c 1']);
  });

  it('takes who provides it, and a versioned relation only from who provides that version', () => {
    const index = indexOf(
      { Package: 'a', Depends: 'v (>= 2)' },
      { Package: 'b', Provides: 'v' },
      { Package: 'c', Provides: 'v (= 2.1), w' },
    );
    expect(closure([index], ['a'])).toEqual(['a 1', 'c 1']);
  });

  it('has nothing of what is left out, nor of what only that needs', () => {
    const index = indexOf(
      { Package: 'a', Depends: 'systemd, b' },
      { Package: 'b' },
      { Package: 'systemd', Depends: 'd' },
    );
    expect(closure([index], ['a'], ['systemd'])).toEqual(['a 1', 'b 1']);
    expect(closure([index], ['a'], ['systemd', 'b'], ['b'])).toEqual(['a 1', 'b 1']);
  });

  it('is refused when it is not there, with who needs it', () => {
    const index = indexOf({ Package: 'a', Depends: 'b (>= 2)' }, { Package: 'b' });
    expect(() => closure([index], ['a'])).toThrow('a needs b (>= 2), and the archive has none');
    expect(() => closure([index], ['x'])).toThrow('the runtime needs x, and the archive has none');
  });

  it('ends for every graph, and is the same whatever the order of the index', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const graph = fc.array(fc.tuple(name, fc.array(name, { maxLength: 4 })), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(graph, (edges) => {
        const all = ['a', 'b', 'c', 'd', 'e'].map((Package) => ({
          Package,
          Depends: edges.flatMap(([from, to]) => (from === Package ? to : [])).join(', '),
        }));
        expect(closure([indexOf(...all)], ['a'])).toEqual(closure([indexOf(...all.reverse())], ['a']));
      }),
    );
  });
});

describe('an index', () => {
  it.each([
    ['name', { Package: '../x' }],
    ['version', { Package: 'a', Version: '1/../..' }],
    ['file name', { Package: 'a', Filename: 'pool/../../x.deb' }],
    ['file name', { Package: 'a', Filename: '/etc/x.deb' }],
    ['digest', { Package: 'a', SHA256: 'b' }],
    ['size', { Package: 'a', Size: '99999999999' }],
    ['architecture', { Package: 'a', Architecture: 'a/b' }],
    ['dependency', { Package: 'a', Depends: '$(x)' }],
  ])('with an unreadable %s is refused where it is asked for it', (what, fields) => {
    const index = indexOf(fields, { Package: 'b' });
    expect(() => closure([index], [fields.Package])).toThrow(`unreadable ${what}`);
    expect(closure([index], ['b'])).toEqual(['b 1']);
  });

  it('that is something else is refused, and an empty one is one', () => {
    expect(() => readIndex(Buffer.from('<html>'))).toThrow(TypeError);
    expect(readIndex(Buffer.alloc(0)).count).toBe(0);
  });

  it('never makes trouble of another kind, whatever its bytes are', () => {
    const piece = fc.constantFrom(
      'Package: a',
      'Package: ',
      'Provides: b, c',
      'Depends: a',
      '\n',
      '\n\n',
      ' x',
      ':',
      '\0',
      'ä',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        try {
          const index = readIndex(Buffer.from(pieces.join('')));
          closure([index], ['a']);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});
