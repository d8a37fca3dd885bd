/** Dates and times as they are written in the language of the interface. */
import { t } from './index.ts';

/** With the region of the browser where it speaks the same language: en-GB writes dates in another way than en-US. */
function locale(): string {
  void t.language; // A template is drawn again when the language changes.
  const language = document.documentElement.lang || 'en';
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

type Moment = string | number;

export const formatDate = (at: Moment): string => new Date(at).toLocaleDateString(locale(), { dateStyle: 'medium' });
export const formatDateTime = (at: Moment): string =>
  new Date(at).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' });
/** With seconds. */
export const formatTime = (at: Moment): string => new Date(at).toLocaleTimeString(locale(), { timeStyle: 'medium' });
export const formatHour = (at: Moment): string => new Date(at).toLocaleTimeString(locale(), { timeStyle: 'short' });
