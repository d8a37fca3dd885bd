import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRequest, pair, RECORD, RecordReader, toBytes } from './protocol.ts';

const record = (type: number, content: Buffer, padding = 0): Buffer =>
  Buffer.concat([
    Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, padding, 0]),
    content,
    Buffer.alloc(padding),
  ]);
const END = record(RECORD.END_REQUEST, Buffer.alloc(8));

test('records are read the same in whatever pieces they come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(RECORD.STDOUT, RECORD.STDERR), fc.uint8Array({ maxLength: 300 }), fc.nat(255))),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (records, cuts) => {
        const bytes = Buffer.concat([
          ...records.map(([type, content, padding]) => record(type, Buffer.from(content), padding)),
          END,
        ]);
        const wanted = (type: number): Buffer =>
          Buffer.concat(records.filter(([each]) => each === type).map(([, content]) => content));
        const seen = new Map<number, Buffer[]>();
        const reader = new RecordReader();
        let state = '';
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const end = at + (cuts[cut % cuts.length] ?? 1);
          state = reader.push(bytes.subarray(at, end), (type, content) => {
            seen.set(type, [...(seen.get(type) ?? []), Buffer.from(content)]);
          });
          at = end;
          expect(state).toBe(at >= bytes.length ? 'ended' : 'open');
        }
        for (const type of [RECORD.STDOUT, RECORD.STDERR])
          expect(Buffer.concat(seen.get(type) ?? []).equals(wanted(type))).toBe(true);
      },
    ),
  );
});

test('a reader serves one request after another', () => {
  const reader = new RecordReader();
  const seen: string[] = [];
  for (const text of ['one', 'two'])
    expect(
      reader.push(
        Buffer.concat([record(RECORD.STDOUT, Buffer.from(text)), END]),
        (_type, content) => void seen.push(content.toString()),
      ),
    ).toBe('ended');
  expect(seen).toEqual(['one', 'two']);
});

test('what is not FastCGI, of another request, or behind the end is malformed', () => {
  const push = (bytes: Buffer): string => new RecordReader().push(bytes, () => undefined);
  expect(push(Buffer.from('HTTP/1.1 200 OK\r\n'))).toBe('malformed');
  expect(push(Buffer.from([1, RECORD.STDOUT, 0, 2, 0, 0, 0, 0]))).toBe('malformed');
  expect(push(Buffer.concat([END, record(RECORD.STDOUT, Buffer.from('x'))]))).toBe('malformed');
});

test('lengths of names and values are one byte below 128, else four', () => {
  expect(pair('A', 'bc')).toBe('\x01\x02Abc');
  expect(pair('A', 'x'.repeat(127))).toBe(`\x01\x7fA${'x'.repeat(127)}`);
  expect(pair('A', 'x'.repeat(128))).toBe(`\x01\x80\0\0\x80A${'x'.repeat(128)}`);
  expect(toBytes('ü')).toBe('\xc3\xbc');
});

test('parameters of more than 64 KB are cut into records', () => {
  const bytes = Buffer.from(encodeRequest('x'.repeat(100_000), false), 'latin1');
  const types: [number, number][] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt16BE(at + 4);
    types.push([bytes[at + 1] ?? 0, length]);
    at += 8 + length;
  }
  expect(types).toEqual([
    [RECORD.BEGIN_REQUEST, 8],
    [RECORD.PARAMS, 65_535],
    [RECORD.PARAMS, 34_465],
    [RECORD.PARAMS, 0],
    [RECORD.STDIN, 0],
  ]);
});
