import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { movePathsOf } from '../../contract/home.ts';
import type { MoveJournal } from '../../core/home/journal.ts';
import { readMove, writeMove } from './move-files.ts';

let folder: string;
let journal: MoveJournal;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-journal-'));
  journal = {
    schemaVersion: 1,
    id: 'move-1',
    home: join(folder, 'home'),
    from: join(folder, 'home'),
    to: join(folder, 'to'),
    method: 'rename',
    step: 'start',
    services: [],
    stackUp: false,
    comparedAtMs: 0,
    syncedAtMs: 0,
    starter: ['/bin/false'],
    healthDeadlineMs: 1,
    switched: false,
    error: null,
  };
  writeMove(journal);
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a journal is read by who wrote it', () => expect(readMove(journal.home)).toEqual(journal));

it.skipIf(process.getuid?.() !== 0)(
  'one of another user is not followed, since it names a program to be started (as root)',
  () => {
    chownSync(movePathsOf(journal.home).journal, 65534, 65534);
    expect(readMove(journal.home)).toBeNull();
    expect(existsSync(movePathsOf(journal.home).journal)).toBe(true);
  },
);
