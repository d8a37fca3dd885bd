/** The wire format of DNS, as far as a server needs it that knows local names alone. RFC 1035 section 4; EDNS(0): RFC 6891. Pure. */

export const TYPE = { A: 1, NS: 2, SOA: 6, AAAA: 28, OPT: 41, ANY: 255 } as const;
export const CLASS = { IN: 1, ANY: 255 } as const;
/** RFC 1035 section 4.1.1; BADVERS: RFC 6891 section 9. */
export const RCODE = { NOERROR: 0, FORMERR: 1, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;

const HEADER_BYTES = 12;
const MAX_NAME_BYTES = 255;
/** Two high bits of a length: an offset follows (section 4.1.4). */
const POINTER = 0xc0;
/** Smallest size that every resolver takes over UDP (section 2.3.4). */
export const MIN_UDP_BYTES = 512;
/** What goes through without fragments: DNS Flag Day 2020. */
const OUR_UDP_BYTES = 1232;

export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the last dot. */
  readonly name: string;
  /** Where in the message each label of the name begins. */
  readonly labels: readonly number[];
  readonly type: number;
  readonly class: number;
  /** The question as it came, to be given back byte for byte: resolvers mix the case of its letters to tell forged answers. */
  readonly question: Buffer;
  readonly edns: { readonly udpBytes: number; readonly version: number } | null;
}

/** Nothing to answer: it is too short, or it is itself an answer. */
export const IGNORED = 'ignored';
/** `id` to say FORMERR with. */
export interface Malformed {
  readonly id: number;
  readonly opcode: number;
}

/** Never throws, whatever the bytes are. Reads within the buffer alone. */
export function readQuery(bytes: Buffer): Query | Malformed | typeof IGNORED {
  if (bytes.length < HEADER_BYTES) return IGNORED;
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return IGNORED;
  const head = { id: bytes.readUInt16BE(0), opcode: (flags >> 11) & 0xf };
  const [questions, answers, authorities, additional] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0 || additional === undefined) return head;
  const name = readName(bytes, HEADER_BYTES);
  if (name === null || name.end + 4 > bytes.length) return head;
  const end = name.end + 4;
  const edns = readOpt(bytes, end, additional);
  if (edns === undefined) return head;
  return {
    ...head,
    recursionDesired: (flags & 0x0100) !== 0,
    name: name.text,
    labels: name.starts,
    type: bytes.readUInt16BE(name.end),
    class: bytes.readUInt16BE(name.end + 2),
    question: bytes.subarray(HEADER_BYTES, end),
    edns,
  };
}

/** A name in a question has nothing before it to point at, so a pointer there is none (section 4.1.4). */
function readName(
  bytes: Buffer,
  start: number,
): { readonly text: string; readonly starts: readonly number[]; readonly end: number } | null {
  const labels: string[] = [];
  const starts: number[] = [];
  for (let at = start; at < bytes.length;) {
    const length = bytes[at] ?? 0;
    if (length === 0) return { text: labels.join('.').toLowerCase(), starts, end: at + 1 };
    if ((length & POINTER) !== 0 || at + 1 + length > bytes.length || at + 1 + length - start >= MAX_NAME_BYTES)
      return null;
    starts.push(at);
    labels.push(bytes.toString('latin1', at + 1, at + 1 + length).replaceAll(/[.\\]/g, inDecimal));
    at += 1 + length;
  }
  return null;
}

/** A dot inside of a label is none between two: `\\DDD` stands for it (section 5.1). */
const inDecimal = (character: string): string => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`;

/** @returns the OPT record, null when there is none, undefined for what cannot be read. Other records (TSIG) are passed over. */
function readOpt(bytes: Buffer, start: number, count: number): Query['edns'] | undefined {
  let found: Query['edns'] = null;
  let at = start;
  for (let record = 0; record < count; record += 1) {
    const name = skipName(bytes, at);
    if (name === null || name + 10 > bytes.length) return undefined;
    const next = name + 10 + bytes.readUInt16BE(name + 8);
    if (next > bytes.length) return undefined;
    if (bytes.readUInt16BE(name) === TYPE.OPT) {
      // RFC 6891 section 6.1.1: one alone, of the root.
      if (found !== null || name !== at + 1) return undefined;
      found = { udpBytes: bytes.readUInt16BE(name + 2), version: bytes[name + 5] ?? 0 };
    }
    at = next;
  }
  return found;
}

function skipName(bytes: Buffer, start: number): number | null {
  for (let at = start; at < bytes.length;) {
    const length = bytes[at] ?? 0;
    if (length === 0) return at + 1;
    if ((length & POINTER) === POINTER) return at + 2 <= bytes.length ? at + 2 : null;
    if ((length & POINTER) !== 0) return null;
    at += 1 + length;
  }
  return null;
}

export interface Record {
  readonly type: number;
  readonly ttlSec: number;
  readonly data: Buffer;
  /** Where in the message its name stands; by itself that of the question. */
  readonly owner?: number;
}

export interface Reply {
  readonly rcode: number;
  readonly answers: readonly Record[];
  /** In the authority section: the SOA that says how long a "there is none" holds (RFC 2308 section 3). */
  readonly authority: Record | null;
  /** Of these names we are the ones who know. */
  readonly authoritative: boolean;
}

/** @param maxBytes more than that is cut, with the TC bit (RFC 2181 section 9) */
export function writeReply(query: Query, reply: Reply, maxBytes: number): Buffer {
  const records = [...reply.answers, ...(reply.authority === null ? [] : [reply.authority])].map(writeRecord);
  const opt = query.edns === null ? [] : [writeOpt(reply.rcode)];
  const whole = Buffer.concat([
    header(query, reply, reply.answers.length, reply.authority === null ? 0 : 1, false),
    query.question,
    ...records,
    ...opt,
  ]);
  return whole.length <= maxBytes
    ? whole
    : Buffer.concat([header(query, reply, 0, 0, true), query.question, ...opt]).subarray(0, maxBytes);
}

/** The most that the asker takes over UDP. */
export const udpLimit = ({ edns }: Query): number =>
  Math.min(OUR_UDP_BYTES, Math.max(MIN_UDP_BYTES, edns?.udpBytes ?? MIN_UDP_BYTES));

export function writeFormatError({ id, opcode }: Malformed): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(0x8000 | (opcode << 11) | RCODE.FORMERR, 2);
  return bytes;
}

function header(query: Query, reply: Reply, answers: number, authorities: number, truncated: boolean): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt16BE(query.id, 0);
  const flags =
    0x8000 |
    (query.opcode << 11) |
    (reply.authoritative ? 0x0400 : 0) |
    (truncated ? 0x0200 : 0) |
    (query.recursionDesired ? 0x0100 : 0) |
    (reply.rcode & 0xf);
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  bytes.writeUInt16BE(authorities, 8);
  bytes.writeUInt16BE(query.edns === null ? 0 : 1, 10);
  return bytes;
}

function writeRecord({ type, ttlSec, data, owner = HEADER_BYTES }: Record): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE((POINTER << 8) | owner, 0);
  bytes.writeUInt16BE(type, 2);
  bytes.writeUInt16BE(CLASS.IN, 4);
  bytes.writeUInt32BE(ttlSec, 6);
  bytes.writeUInt16BE(data.length, 10);
  return Buffer.concat([bytes, data]);
}

/** The upper eight bits of the code are here (RFC 6891 section 6.1.3). */
function writeOpt(rcode: number): Buffer {
  const bytes = Buffer.alloc(11);
  bytes.writeUInt16BE(TYPE.OPT, 1);
  bytes.writeUInt16BE(OUR_UDP_BYTES, 3);
  bytes[5] = rcode >> 4;
  return bytes;
}

/** Names and numbers of a SOA record (section 3.3.13). @param zone of the record, relative to nothing */
export function soaData(zone: string, serial: number, seconds: number): Buffer {
  const numbers = Buffer.alloc(20);
  // Serial, refresh, retry, expire, minimum.
  [serial, seconds, seconds, seconds, seconds].forEach((value, index) => numbers.writeUInt32BE(value >>> 0, index * 4));
  return Buffer.concat([writeName(`ns.${zone}`), writeName(`hostmaster.${zone}`), numbers]);
}

export const writeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
