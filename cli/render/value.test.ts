import { describe, expect, it } from 'vitest';
import type { Change } from '../../contract/changes.ts';
import { renderValue } from './value.ts';

describe('results for people', () => {
  it('list databases with their sizes, and say what to do where there is none', () => {
    const text = renderValue('databases.list', [
      { id: 'mariadb', name: 'MariaDB', running: true, databases: [{ name: 'shop', sizeBytes: 16_384, tables: 3 }] },
      { id: 'postgres', name: 'PostgreSQL', running: true, databases: [] },
      { id: 'other', name: 'Other', running: false, databases: [] },
    ]);
    expect(text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['SERVER', 'DATABASE', 'SIZE', 'TABLES'],
      ['mariadb', 'shop', '16.4 kB', '3'],
      ['postgres', 'none yet: koji db create postgres NAME'],
      ['other', 'not running: koji start other'],
    ]);
  });

  it('tell a change in one line, with the files and links that it left', () => {
    const task = { id: 'a', status: 'done', step: 'done', doneBytes: 0, totalBytes: null, bytesPerSecond: 0 } as const;
    const change: Change = {
      id: 'x-1',
      kind: 'projects.create',
      summary: 'Creating Shop',
      status: 'done',
      progress: 1,
      remainingMs: null,
      tasks: [
        { ...task, label: 'Files', durationMs: 17, detail: 'PHP' },
        { ...task, id: 'b', label: 'Site', durationMs: 34, detail: 'https://shop.test' },
      ],
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:00.052Z',
      error: null,
    };
    expect(renderValue('projects.create', change)).toBe('✓ Creating Shop: done in 52 ms\n  https://shop.test');
  });

  it('head columns with words, and say no where a single value is not so', () => {
    expect(renderValue('any.list', [{ startedAt: 'now', isDefault: true, durationMs: 1500 }])).toBe(
      'STARTED AT  DEFAULT  DURATION\nnow         yes      1.5 s',
    );
    expect(renderValue('any.one', { isOn: false, overrides: {}, folder: '', memMB: 9 })).toBe(
      'on             no\noverrides      –\nfolder\nmem (MB)       9',
    );
  });

  it('let no mail steer the terminal', () => {
    const mail = { id: '1', receivedAt: '2026-01-01T00:00:00.000Z', from: 'a@b', to: ['c@d'], size: 10 };
    const text = renderValue('mail.list', { port: 1025, mails: [{ ...mail, subject: 'x\u001b[2Jy' }] });
    expect(text).not.toContain('\u001b');
    expect(text).toContain('SMTP on 127.0.0.1:1025');
  });
});
