/** What the name server says to a question: local names are on this machine, all others are none of its business. Pure. */
import { RESOLVER_PROBE_SUFFIX, probeAddress } from '../../contract/resolver.ts';
import {
  CLASS,
  IGNORED,
  RCODE,
  readQuery,
  soaData,
  TYPE,
  udpLimit,
  writeFormatError,
  writeName,
  writeReply,
  type Query,
  type Record,
  type Reply,
} from './message.ts';

/** Short: who turns this off wants it to be off. */
const TTL_SEC = 5;
const STANDARD_QUERY = 0;
const EDNS_VERSION = 0;
const LOOPBACK: readonly Record[] = [
  { type: TYPE.A, ttlSec: TTL_SEC, data: Buffer.from([127, 0, 0, 1]) },
  { type: TYPE.AAAA, ttlSec: TTL_SEC, data: Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) },
];

export interface Zone {
  /** Names below these, and these themselves, are on this machine. */
  readonly suffixes: readonly string[];
  /** Of this server; part of the answer to a probe. */
  readonly port: number;
}

/**
 * @param bytes one message, whatever it holds
 * @returns the answer, or null when none is to be given
 */
export function answer(bytes: Buffer, zone: Zone, transport: 'udp' | 'tcp'): Buffer | null {
  const query = readQuery(bytes);
  if (query === IGNORED) return null;
  if (!('question' in query)) return writeFormatError(query);
  return writeReply(query, decide(query, zone), transport === 'tcp' ? 65_535 : udpLimit(query));
}

function decide(query: Query, zone: Zone): Reply {
  const refuse = (rcode: number): Reply => ({ rcode, answers: [], authority: null, authoritative: false });
  if (query.opcode !== STANDARD_QUERY) return refuse(RCODE.NOTIMP);
  if (query.edns !== null && query.edns.version !== EDNS_VERSION) return refuse(RCODE.BADVERS);
  const suffix = zone.suffixes.find((one) => query.name === one || query.name.endsWith(`.${one}`));
  if (suffix === undefined || (query.class !== CLASS.IN && query.class !== CLASS.ANY)) return refuse(RCODE.REFUSED);
  // A probe has one address alone, by which the asker sees that it was this server that it reached.
  const known = query.name.endsWith(`.${RESOLVER_PROBE_SUFFIX}`)
    ? [{ type: TYPE.A, ttlSec: 0, data: Buffer.from(probeAddress(zone.port).split('.').map(Number)) }]
    : LOOPBACK;
  const owner = query.labels.at(-suffix.split('.').length);
  const soa = {
    type: TYPE.SOA,
    ttlSec: TTL_SEC,
    data: soaData(suffix, 1, TTL_SEC),
    ...(owner === undefined ? {} : { owner }),
  };
  // The suffix is the top of a zone, which the SOA of every other answer names.
  const ofZone =
    query.name === suffix ? [soa, { type: TYPE.NS, ttlSec: TTL_SEC, data: writeName(`ns.${suffix}`) }] : [];
  const answers = query.type === TYPE.ANY ? known : [...known, ...ofZone].filter(({ type }) => query.type === type);
  // NODATA, never NXDOMAIN: the name exists, it only has nothing of this type (RFC 2308 section 2.2). HTTPS, MX, TXT and the like.
  return { rcode: RCODE.NOERROR, answers, authority: answers.length > 0 ? null : soa, authoritative: true };
}
