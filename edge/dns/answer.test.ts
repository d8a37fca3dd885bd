import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probeAddress } from '../../contract/resolver.ts';
import { answer, type Zone } from './answer.ts';
import { readQuery, TYPE } from './message.ts';

const zone: Zone = { suffixes: ['test', 'shop.lan'], port: 15_353 };

interface Asked {
  readonly type?: number;
  readonly class?: number;
  readonly opcode?: number;
  /** UDP size and version of an OPT record. */
  readonly edns?: readonly [size: number, version: number];
}
/** Built by hand, from the figures of RFC 1035 and RFC 6891. */
function question(name: string, asked: Asked = {}): Buffer {
  const head = Buffer.from([0xab, 0xcd, ((asked.opcode ?? 0) << 3) | 1, 0, 0, 1, 0, 0, 0, 0, 0, asked.edns ? 1 : 0]);
  const labels = name === '' ? [] : name.split('.').flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]);
  const [size, version] = asked.edns ?? [0, 0];
  const opt = asked.edns ? [0, 0, 41, size >> 8, size & 255, 0, version, 0, 0, 0, 0] : [];
  const type = asked.type ?? TYPE.A;
  return Buffer.concat([head, Buffer.from([...labels, 0, type >> 8, type & 255, 0, asked.class ?? 1, ...opt])]);
}

interface Seen {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly counts: readonly number[];
  readonly addresses: readonly string[];
}
function see(reply: Buffer | null): Seen {
  if (reply === null) throw new Error('no answer');
  const flags = reply.readUInt16BE(2);
  expect(flags & 0x8000).not.toBe(0);
  const addresses: string[] = [];
  let at = 12;
  while (reply[at] !== 0) at += 1 + (reply[at] ?? 0);
  at += 5;
  for (let record = 0; record < reply.readUInt16BE(6); record += 1) {
    expect(reply.readUInt16BE(at)).toBe(0xc00c);
    const length = reply.readUInt16BE(at + 10);
    addresses.push([...reply.subarray(at + 12, at + 12 + length)].join('.'));
    at += 12 + length;
  }
  return {
    rcode: flags & 0xf,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    counts: [4, 6, 8, 10].map((where) => reply.readUInt16BE(where)),
    addresses,
  };
}
const ask = (name: string, asked?: Asked): Seen => see(answer(question(name, asked), zone, 'udp'));

describe('names', () => {
  it.each(['test', 'shop.test', 'a.b.c.shop.test', 'SHOP.Test', 'shop.lan', 'x.shop.lan'])(
    '%s is on this machine',
    (name) => {
      expect(ask(name)).toMatchObject({ rcode: 0, authoritative: true, addresses: ['127.0.0.1'] });
      expect(ask(name, { type: TYPE.AAAA }).addresses).toEqual(['0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1']);
    },
  );

  it.each(['example.com', 'lan', 'nas.lan', 'myshop.lan', 'attest', 'test.com', '', 'shop\0.test.com'])(
    '%j is none of ours, and refused',
    (name) => {
      expect(ask(name)).toMatchObject({ rcode: 5, authoritative: false, counts: [1, 0, 0, 0] });
    },
  );

  it('have nothing of other types: no error, and a SOA that says so', () => {
    for (const type of [2, 6, 15, 16, 33, 64, 65, 257])
      expect(ask('shop.test', { type })).toMatchObject({ rcode: 0, authoritative: true, counts: [1, 0, 1, 0] });
  });

  it('end with a suffix by whole labels: a dot inside of a label is none', () => {
    const dotted = (label: string): Buffer =>
      Buffer.concat([
        question('').subarray(0, 12),
        Buffer.from([label.length]),
        Buffer.from(label),
        Buffer.from([0, 0, 1, 0, 1]),
      ]);
    for (const label of ['shop.test', 'x.kojibox-probe.test', 'shop\\.test'])
      expect(see(answer(dotted(label), zone, 'udp'))).toMatchObject({ rcode: 5, addresses: [] });
  });

  it('lie in zones: the SOA has the name of the zone, and the zone has a SOA and a server (RFC 2308, RFC 1034 section 4.2.1)', () => {
    for (const name of ['a.shop.test', 'test', 'x.y.shop.lan']) {
      const reply = answer(question(name, { type: 15 }), zone, 'udp');
      const suffix = name.endsWith('.lan') ? 'shop.lan' : 'test';
      // After header and question: a pointer to where the suffix begins in the question.
      const at = 12 + name.length + 2 + 4;
      expect(reply?.readUInt16BE(at)).toBe(0xc000 | (12 + name.length - suffix.length));
      expect(reply?.readUInt16BE(at + 2)).toBe(TYPE.SOA);
    }
    for (const type of [TYPE.SOA, TYPE.NS])
      for (const name of ['test', 'shop.lan'])
        expect(ask(name, { type })).toMatchObject({ rcode: 0, counts: [1, 1, 0, 0] });
  });

  it('are asked for all at once', () => expect(ask('shop.test', { type: TYPE.ANY }).addresses).toHaveLength(2));

  it('that are a probe show the port of this server', () => {
    expect(ask('x1.kojibox-probe.test').addresses).toEqual([probeAddress(15_353)]);
    expect(probeAddress(15_353)).toBe('127.59.249.53');
  });
});

describe('the protocol', () => {
  it('gives the question back as it came, and the same number', () => {
    const asked = question('ShOp.TeSt');
    const reply = answer(asked, zone, 'udp');
    expect(reply?.subarray(0, 2)).toEqual(asked.subarray(0, 2));
    expect(reply?.subarray(12, asked.length)).toEqual(asked.subarray(12));
  });

  it('answers EDNS with EDNS, and says which version it knows', () => {
    expect(ask('shop.test', { edns: [4096, 0] })).toMatchObject({ rcode: 0, counts: [1, 1, 0, 1] });
    const reply = answer(question('shop.test', { edns: [4096, 1] }), zone, 'udp');
    // BADVERS is 16: zero in the header, one in the extended bits.
    expect(see(reply)).toMatchObject({ rcode: 0, counts: [1, 0, 0, 1] });
    expect(reply?.at(-6)).toBe(1);
  });

  it('refuses other kinds of requests, and other classes', () => {
    expect(ask('shop.test', { opcode: 5 }).rcode).toBe(4);
    expect(ask('shop.test', { class: 3 }).rcode).toBe(5);
  });

  it('cuts what does not fit, over UDP alone', () => {
    // A name of nearly 255 bytes, and a server whose own answer is long: the SOA of a long suffix.
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.test`;
    const wide: Zone = { suffixes: [long], port: 1053 };
    const asked = question(`${'d'.repeat(40)}.${long}`, { type: 16 });
    const udp = answer(asked, wide, 'udp');
    const tcp = answer(asked, wide, 'tcp');
    expect(tcp?.length).toBeGreaterThan(512);
    expect(udp?.length).toBeLessThanOrEqual(512);
    expect(see(udp)).toMatchObject({ truncated: true, counts: [1, 0, 0, 0] });
    expect(see(tcp)).toMatchObject({ truncated: false, counts: [1, 0, 1, 0] });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['eleven bytes', Buffer.alloc(11)],
    ['an answer', Buffer.concat([Buffer.from([0, 1, 0x80, 0]), Buffer.alloc(20)])],
  ])('says nothing to %s', (_, bytes) => expect(answer(bytes, zone, 'udp')).toBeNull());

  it.each([
    ['no question', Buffer.concat([Buffer.from([0xab, 0xcd]), Buffer.alloc(10)])],
    ['two questions', Buffer.concat([Buffer.from([0xab, 0xcd, 0, 0, 0, 2]), Buffer.alloc(30)])],
    ['a pointer to itself', Buffer.concat([question('').subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    ['a label longer than the rest', Buffer.concat([question('').subarray(0, 12), Buffer.from([63, 97, 0, 1])])],
    ['a name longer than 255', question(Array.from({ length: 60 }, () => 'abcd').join('.'))],
    ['an OPT record that is cut', question('shop.test', { edns: [512, 0] }).subarray(0, -3)],
  ])('calls %s malformed, with the number of the question', (_, bytes) => {
    const reply = answer(bytes, zone, 'udp');
    expect(reply?.subarray(0, 2)).toEqual(Buffer.from([0xab, 0xcd]));
    expect((reply?.[3] ?? 0) & 0xf).toBe(1);
  });

  it('takes any bytes: it never throws, never answers an answer, and never gives an address for a foreign name', () => {
    const anything = fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes));
    const damaged = fc
      .tuple(
        fc.constantFrom('shop.test', 'a.b.shop.lan', 'example.com'),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 }),
        fc.nat(60),
      )
      .map(([name, changes, cut]) => {
        const bytes = Buffer.from(question(name, { edns: [1232, 0] }));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes.subarray(0, bytes.length - (cut > 40 ? cut - 40 : 0));
      });
    fc.assert(
      fc.property(fc.oneof(anything, damaged), (bytes) => {
        const reply = answer(bytes, zone, 'udp');
        if (bytes.length < 12 || ((bytes[2] ?? 0) & 0x80) !== 0) return reply === null;
        if (reply === null || reply.length > 1232 || reply.readUInt16BE(0) !== bytes.readUInt16BE(0)) return false;
        if (reply.readUInt16BE(6) === 0) return true;
        const query = readQuery(bytes);
        return typeof query === 'object' && 'name' in query && /(^|\.)(test|shop\.lan)$/.test(query.name);
      }),
      { numRuns: 3000 },
    );
  });
});
