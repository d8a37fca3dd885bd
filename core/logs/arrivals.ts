/**
 * When the bytes of a log arrived, for lines that tell no time. Pure.
 *
 * A mark says: all bytes before this offset were written at this time or before. Marks are only ever added, so a line keeps its time.
 */

export interface Mark {
  /** Byte of the log file, counted from its beginning. */
  readonly offset: number;
  /** Ms since 1970. */
  readonly at: number;
  /**
   * How the bytes between the mark before and this one came: `steady`, all the time in between; `sudden`, all at this time, after a pause;
   * `unwatched`, at any time in between, because no daemon ran.
   */
  readonly came: 'steady' | 'sudden' | 'unwatched';
}

export interface Arrival {
  readonly at: number;
  readonly approximate: boolean;
  /** Where the bytes end that the same mark speaks of. */
  readonly until: number;
}

export interface Timeline {
  /** Of the byte at this offset. */
  arrivalOf(offset: number): Arrival;
  /** All bytes from here on arrived later than `at`, ms since 1970; Infinity when that is not known of any. */
  offsetAfter(at: number): number;
}

/** Marks closer together than this bound a time well enough to spread the lines between them evenly. */
export const CLOSE_MS = 1000;

/** @param endedAt ms since 1970, for what no mark speaks of: all of it was written before */
export function createTimeline(marks: readonly Mark[], endedAt: number): Timeline {
  /** Index of the first mark that lies behind the offset. */
  const find = (isBehind: (mark: Mark) => boolean): number => {
    let [low, high] = [0, marks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const mark = marks[middle];
      if (mark !== undefined && isBehind(mark)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    arrivalOf(offset) {
      const index = find((mark) => mark.offset > offset);
      const mark = marks[index];
      if (mark === undefined) return { at: endedAt, approximate: true, until: Infinity };
      const before = marks[index - 1];
      const { came, offset: until } = mark;
      const spread = came === 'steady' && before !== undefined && mark.at - before.at <= CLOSE_MS;
      if (!spread) return { at: mark.at, approximate: came === 'unwatched', until };
      const share = (offset - before.offset) / (until - before.offset);
      return { at: Math.round(before.at + share * (mark.at - before.at)), approximate: false, until };
    },
    offsetAfter: (at) => marks[find((mark) => mark.at > at)]?.offset ?? Infinity,
  };
}

const HEADER = /^kojibox-arrivals (?<inode>\d+) (?<base>\d+)$/;
const MARK = /^(?<offset>[\da-z]+) (?<at>[\da-z]+)(?<came> [!~])?$/;
const RADIX = 36;
const SIGNS = { steady: '', sudden: ' !', unwatched: ' ~' } as const;

export interface MarkFile {
  readonly inode: number;
  /** First byte of the log file that these marks are kept for. */
  readonly base: number;
  readonly marks: readonly Mark[];
}

export const formatHeader = (inode: number, base: number): string => `kojibox-arrivals ${inode} ${base}\n`;

export const formatMark = ({ offset, at, came }: Mark): string =>
  `${offset.toString(RADIX)} ${at.toString(RADIX)}${SIGNS[came]}\n`;

const cameOf = (sign: string | undefined): Mark['came'] =>
  sign === SIGNS.sudden ? 'sudden' : sign === SIGNS.unwatched ? 'unwatched' : 'steady';

/** Null when the file is of another kind. A line that was half written when the machine stopped is passed over. */
export function parseMarks(text: string): MarkFile | null {
  const [first = '', ...lines] = text.split('\n');
  const header = HEADER.exec(first)?.groups;
  if (header === undefined) return null;
  // What follows the last newline is not complete.
  lines.pop();
  const marks: Mark[] = [];
  for (const line of lines) {
    const groups = MARK.exec(line)?.groups;
    const last = marks.at(-1);
    const [offset, at] = [
      Number.parseInt(groups?.['offset'] ?? '', RADIX),
      Number.parseInt(groups?.['at'] ?? '', RADIX),
    ];
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(at)) continue;
    if (last !== undefined && (offset < last.offset || at < last.at)) continue;
    marks.push({ offset, at, came: cameOf(groups?.['came']) });
  }
  return { inode: Number(header['inode']), base: Number(header['base']), marks };
}

/** Those that speak of bytes in [from, to), and the one before, from which they count. */
export function marksBetween(marks: readonly Mark[], from: number, to: number): Mark[] {
  const first = marks.findLastIndex(({ offset }) => offset <= from);
  const last = marks.findIndex(({ offset }) => offset >= to);
  return marks.slice(Math.max(0, first), last === -1 ? undefined : last + 1);
}
