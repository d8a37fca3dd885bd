import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { filesOfLog } from './log-archives.ts';

const STAMP = '2026-11-21T03-34-33-123Z';
let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kojibox-logs-'))));
afterEach(() => rmSync(folder, { recursive: true }));

it('finds all files of a log, and none of a log whose name begins or ends alike', () => {
  const own = (id: string): string[] => [
    `${id}.log`,
    `.${id}.log.start`,
    `.${id}.log.keep`,
    `.${id}.log.keep.tmp`,
    `.${id}.log.arrivals`,
    `${id}.${STAMP}.log.gz`,
    `${id}.${STAMP}.log.gz.tmp`,
    `${id}.${STAMP}.log.gz.arrivals`,
    `${id}.${STAMP}.from-12.log`,
  ];
  for (const id of ['shop', 'shop.uk', 'shop-2', 'my-shop', 'shop.log'])
    for (const name of own(id)) writeFileSync(join(folder, name), '');
  for (const id of ['shop', 'shop.uk', 'my-shop'])
    expect(
      filesOfLog(join(folder, `${id}.log`))
        .map((file) => basename(file))
        .sort(),
    ).toEqual(own(id).sort());
});
