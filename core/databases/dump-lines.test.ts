import { describe, expect, it } from 'vitest';
import { createDumpLines, type LineEditor } from './dump-lines.ts';

/** In pieces of every size, which must make no difference. */
function run(text: string, edit: LineEditor, pieceBytes: number): string {
  const lines = createDumpLines(edit);
  const bytes = Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) parts.push(lines.through(bytes.subarray(at, at + pieceBytes)));
  return Buffer.concat([...parts, lines.end()]).toString();
}
const SIZES = [1, 3, 7, 64, 100_000];

describe('the lines of a dump', () => {
  const dump = [
    'SET x = 0;',
    'COPY public.t (a) FROM stdin;',
    'SET x = 0;',
    'INSERT INTO t VALUES (1,',
    String.raw`\.`,
    'SET x = 0;',
    'INSERT INTO t VALUES',
    '(1),',
    'SET x = 0;',
    'grün',
    'SET x = 0;',
  ].join('\n');

  it.each(SIZES)('are edited in statements, never in rows, with their numbers (%i bytes)', (size) => {
    const seen: number[] = [];
    const edited = run(
      dump,
      (line, number) => {
        if (line !== 'SET x = 0;') return null;
        seen.push(number);
        return '';
      },
      size,
    );
    expect(seen).toEqual([1, 6, 11]);
    const lines = edited.split('\n');
    expect(lines).toHaveLength(11);
    expect(lines.filter((line) => line === 'SET x = 0;')).toHaveLength(2);
    expect(lines[9]).toBe('grün');
  });

  it.each([100_000, 4096])('that are longer than any statement go on as they are (%i bytes)', (size) => {
    const long = `INSERT INTO t VALUES ('${'x'.repeat(200_000)}');\r\nlast`;
    const seen: string[] = [];
    const same = run(long, (line) => (seen.push(line), null), size);
    expect(same).toBe(long);
    expect(seen).toEqual(['last']);
  });
});
