/** Dates and times as they are written in the language of the interface. */
import { t } from './index.ts';

/** With the region of the browser where it speaks the same language: en-GB writes dates in another way than en-US. */
function locale(): string {
  void t.language; // A template is drawn again when the language changes.
  const language = document.documentElement.lang || 'en';
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

type Moment = string | number;
/** In place of what is no time. */
const NO_TIME = '–';

/** Making one takes far longer than using it, and a log writes a hundred dates in each frame while it scrolls. */
const formats = new Map<string, Intl.DateTimeFormat>();
function write(at: Moment, style: Pick<Intl.DateTimeFormatOptions, 'dateStyle' | 'timeStyle'>): string {
  const tag = locale();
  const key = `${tag} ${style.dateStyle ?? ''} ${style.timeStyle ?? ''}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat(tag, style);
  formats.set(key, format);
  const date = new Date(at);
  // `format` throws on a time that is none, and would take the whole page with it.
  return Number.isNaN(date.getTime()) ? NO_TIME : format.format(date);
}

export const formatDate = (at: Moment): string => write(at, { dateStyle: 'medium' });
export const formatDateTime = (at: Moment): string => write(at, { dateStyle: 'medium', timeStyle: 'short' });
/** With seconds. */
export const formatTime = (at: Moment): string => write(at, { timeStyle: 'medium' });
export const formatHour = (at: Moment): string => write(at, { timeStyle: 'short' });
