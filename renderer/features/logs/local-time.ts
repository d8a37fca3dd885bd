/** Times of log entries on the clock of this machine; times in the contract are UTC. */
import { formatDate } from '../../locales/dates.ts';

const two = (part: number): string => String(part).padStart(2, '0');

/** `15:32:24.123` */
export function timeOf(ts: string): string {
  const at = new Date(ts);
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

/** The day on this machine's calendar, for comparing. */
export const dayOf = (ts: string): string => new Date(ts).toDateString();

/** `UTC+07:00` */
export function zoneOf(ts: string): string {
  const minutes = -new Date(ts).getTimezoneOffset();
  const absolute = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}

/** For a tooltip: the day, the time and its zone, and the same moment in UTC. */
export const wholeTime = (ts: string): string => `${formatDate(ts)}, ${timeOf(ts)} ${zoneOf(ts)} (${ts})`;
