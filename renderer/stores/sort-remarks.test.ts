import { expect, it } from 'vitest';
import { noticeText } from '../../contract/notices.ts';
import { keyOf, sortRemarks } from './sort-remarks.ts';

const moved = (service: string, holder: string): string =>
  noticeText('portMoved', { service, port: 5433, holder, wanted: 5432 });

it('puts ports together, and leaves out what was put away, whoever holds the port now', () => {
  const texts = [moved('PostgreSQL', 'postgres (pid 7)'), 'Something else.', moved('Mail', 'mailpit (pid 8)')];
  expect(sortRemarks(texts, new Set())).toEqual({
    ports: [
      { text: texts[0], service: 'PostgreSQL' },
      { text: texts[2], service: 'Mail' },
    ],
    others: ['Something else.'],
  });
  const away = new Set([keyOf(moved('PostgreSQL', 'postgres (pid 99)')), keyOf('Something else.')]);
  expect(sortRemarks(texts, away)).toEqual({ ports: [{ text: texts[2], service: 'Mail' }], others: [] });
});
