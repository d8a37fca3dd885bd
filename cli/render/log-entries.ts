/** Log entries for people: the time of this machine, whose entry it is, and its message in the colour of its level. */
import type { LogEntry } from '../../contract/logs.ts';
import { paint } from './style.ts';

const COLOURS = { debug: 'dim', info: 'reset', warn: 'yellow', error: 'red' } as const;

export interface LogStyle {
  /** Of the longest ID, or 0 to leave the ID out. */
  readonly idWidth: number;
  /** On a terminal, the date stands in a line of its own when it changes; elsewhere each line has it, and the offset of its zone. */
  readonly onTerminal: boolean;
  /** Ms since 1970: entries of this day need no date. */
  readonly now: number;
}

/** @returns renders one entry after the other */
export function createLogRenderer({ idWidth, onTerminal, now }: LogStyle): (entry: LogEntry) => string {
  let shownDay = dayOf(new Date(now));
  return (entry) => {
    const at = new Date(entry.ts);
    // "~": at this time or before; see `approximate` in the contract.
    const mark = entry.approximate === true ? '~' : ' ';
    const time = onTerminal ? `${timeOf(at)}${mark}` : `${dayOf(at)} ${timeOf(at)}${offsetOf(at)}${mark}`;
    const id = idWidth === 0 ? '' : `${entry.service.padEnd(idWidth)} `;
    // Further lines stand below the first one's message.
    const indent = `\n${' '.repeat(time.length + id.length)}`;
    const message = paint(COLOURS[entry.level], entry.message.replaceAll('\n', indent));
    const line = `${paint('cyan', id)}${paint('dim', time)}${message}`;
    const day = dayOf(at);
    if (!onTerminal || day === shownDay) return line;
    shownDay = day;
    return `${paint('dim', `── ${day}, UTC${offsetOf(at)} ──`)}\n${line}`;
  };
}

const two = (part: number): string => String(part).padStart(2, '0');

export const dayOf = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

const timeOf = (at: Date): string =>
  `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;

/** `+07:00` */
function offsetOf(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}
