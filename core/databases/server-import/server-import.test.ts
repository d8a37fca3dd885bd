import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatabaseNameSchema } from '../../../contract/databases.ts';
import { createDumpProgress } from './dump-progress.ts';
import { assertSame, pipeFailed, type FoundDatabase } from './importer.ts';
import { nearestCollation } from '../mysql-collations.ts';
import { fitSchema } from './mysql-schema.ts';
import { planNames } from './plan-names.ts';
import { freeName, isTakable, plainName } from './target-names.ts';
import { asIs } from '../../../contract/sentences/sentence.ts';

const database = (name: string): FoundDatabase => ({
  name,
  sizeBytes: 0,
  tables: 0,
  collation: '',
  problems: [],
  remarks: [],
  facts: {},
});

describe('a name here', () => {
  it.each([
    ['shop', 'shop'],
    ['my-blog', 'my_blog'],
    ['Müller Straße', 'Muller_Strasse'],
    ['2026', 'db_2026'],
    ['a"; drop database `x`; --', 'a_drop_database_x'],
    ['日本', 'db'],
    ['postgres', 'postgres_imported'],
    ['MySQL', 'MySQL_imported'],
    ['x'.repeat(80), 'x'.repeat(63)],
  ])('of %s is %s', (name, expected) => expect(plainName(name)).toBe(expected));

  it('can always be taken, whatever the name there', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (name) => {
        const plain = plainName(name);
        expect(isTakable(plain) && DatabaseNameSchema.safeParse(plain).success).toBe(true);
        expect(plainName(plain)).toBe(plain);
        expect(DatabaseNameSchema.safeParse(freeName(plain, new Set([plain]))).success).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('is given once; names run out', () => {
    const names = (onConflict: 'refuse' | 'rename', there: readonly string[], wanted: readonly string[]): unknown[] =>
      planNames(
        wanted.map((name) => ({ database: database(name) })),
        new Set(there),
        onConflict,
      ).map(({ target, taken, problem }) => [target, taken, problem]);
    expect(names('rename', ['shop'], ['shop', 'a-b', 'a_b'])).toEqual([
      ['shop_2', true, null],
      ['a_b', false, null],
      ['a_b_2', true, null],
    ]);
    expect(names('refuse', ['shop'], ['shop'])).toEqual([['shop', true, 'The name shop is taken here.']]);
    const all = ['shop', ...Array.from({ length: 98 }, (_, at) => `shop_${at + 2}`)];
    expect(freeName('shop', new Set(all.slice(0, -1)))).toBe('shop_99');
    expect(freeName('shop', new Set(all))).toBeNull();
    expect(names('rename', all, ['shop'])).toEqual([
      ['shop', true, 'The name shop is taken here, and so is every one with a number from 2 to 99.'],
    ]);
    expect(planNames([{ database: database('x'), as: 'template1' }], new Set(), 'rename')[0]?.problem).toContain(
      'keeps',
    );
  });
});

describe('a schema of MySQL', () => {
  const knows = (name: string): boolean => name.startsWith('utf8mb4_uca1400') || name === 'utf8mb4_nopad_bin';
  it('loses accounts and orders that are not here, in code alone', () => {
    const schema = [
      "CREATE TABLE `utf8mb4_0900_ai_ci` (`a` text COLLATE utf8mb4_0900_as_cs DEFAULT 'utf8mb4_0900_ai_ci' COMMENT 'DEFINER=`a`@`b`')",
      "  COLLATE=utf8mb4_de_pb_0900_ai_ci COMMENT='it''s \\' utf8mb4_0900_ai_ci';",
      '/*!50013 DEFINER=`we``ird`@`%` SQL SECURITY DEFINER */',
      "CREATE DEFINER=`root`@`localhost` PROCEDURE `p`() select 1; -- it's DEFINER=`a`@`b` utf8mb4_0900_bin",
      "/* it's utf8mb4_0900_bin */ set collation_connection = utf8mb4_0900_bin;",
    ].join('\n');
    expect(fitSchema(schema, knows)).toBe(
      [
        "CREATE TABLE `utf8mb4_0900_ai_ci` (`a` text COLLATE utf8mb4_uca1400_nopad_as_cs DEFAULT 'utf8mb4_0900_ai_ci' COMMENT 'DEFINER=`a`@`b`')",
        "  COLLATE=utf8mb4_uca1400_nopad_ai_ci COMMENT='it''s \\' utf8mb4_0900_ai_ci';",
        '/*!50013  SQL SECURITY DEFINER */',
        "CREATE  PROCEDURE `p`() select 1; -- it's DEFINER=`a`@`b` utf8mb4_0900_bin",
        "/* it's utf8mb4_0900_bin */ set collation_connection = utf8mb4_nopad_bin;",
      ].join('\n'),
    );
    expect(fitSchema('COLLATE utf8mb4_0900_ai_ci', () => true)).toBe('COLLATE utf8mb4_0900_ai_ci');
    expect(nearestCollation('latin1_swedish_ci')).toBeNull();
  });
});

describe('the progress of a dump', () => {
  const lines = (text: string): Uint8Array[] => [...text].map((piece) => Buffer.from(piece));
  it('of PostgreSQL knows tables from rows that look like them, however it is cut', () => {
    const progress = createDumpProgress(
      'postgres',
      new Map([
        ['public."Gr ö"', 10],
        ['public.b', 30],
      ]),
    );
    const dump = 'SET x;\nCOPY public."Gr ö" (a, b) FROM stdin;\nCOPY public.b (a) FROM stdin;\n\\.\n';
    for (const byte of Buffer.from(dump)) progress.feed(Uint8Array.of(byte));
    expect([progress.table, progress.tables, progress.done, progress.total]).toEqual(['public."Gr ö"', 1, 10, 40]);
    for (const piece of lines('COPY public.b (a) FROM stdin;\n12345')) progress.feed(piece);
    expect([progress.table, progress.tables, progress.done]).toEqual(['public.b', 2, 15]);
    progress.feed(Buffer.alloc(1000, 'x'));
    expect(progress.done).toBe(40);
  });
  it('of MySQL counts a table once, whatever the number of its statements', () => {
    const progress = createDumpProgress('mysql', new Map([['`a``b`', 100]]));
    progress.feed(Buffer.from('INSERT INTO `a``b` VALUES\n(1),\n(2);\nINSERT INTO `a``b` VALUES\n(3);\n'));
    expect([progress.table, progress.tables]).toEqual(['`a``b`', 1]);
  });
});

describe('what went wrong', () => {
  it('is every difference between both sides', () => {
    const there = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    expect(() => assertSame('x', there, new Map(there), asIs(''))).not.toThrow();
    expect(() =>
      assertSame(
        'x',
        there,
        new Map([
          ['a', 1],
          ['c', 3],
        ]),
        asIs('Do this.'),
      ),
    ).toThrowError(
      expect.objectContaining({
        code: 'DATABASE_FAILED',
        detail: 'both sides differ after the copy: b: 2 there, none here; c: none there, 3 here',
        remedy: expect.stringContaining('Do this.'),
      }) as Error,
    );
  });
  it('never has the password', () => {
    const error = pipeFailed('x', { side: 'from', output: 'login with s3cret failed' }, 's3cret');
    expect(error.detail).toBe('reading it failed: login with •••••• failed');
  });
});
