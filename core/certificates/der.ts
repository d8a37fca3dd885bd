/** Structures of X.509 certificates in DER: node-forge's ASN.1 writer, because it is the part of that library that is fast and knows no RSA. RFC 5280. */
import type forge from 'node-forge';
import asn1 from 'node-forge/lib/asn1.js';

type Asn1 = forge.asn1.Asn1;
const { Class, Type } = asn1;

const universal = (type: forge.asn1.Type, constructed: boolean, value: string | Asn1[]): Asn1 =>
  asn1.create(Class.UNIVERSAL, type, constructed, value);
/** node-forge passes bytes as latin1 text. */
export const bytes = (buffer: Uint8Array): string => Buffer.from(buffer).toString('latin1');

export const sequence = (...items: Asn1[]): Asn1 => universal(Type.SEQUENCE, true, items);
export const set = (...items: Asn1[]): Asn1 => universal(Type.SET, true, items);
export const oid = (dotted: string): Asn1 => universal(Type.OID, false, asn1.oidToDer(dotted).getBytes());
export const integer = (value: Uint8Array): Asn1 => universal(Type.INTEGER, false, bytes(value));
export const boolean = (value: boolean): Asn1 => universal(Type.BOOLEAN, false, value ? '\xff' : '\x00');
export const octets = (content: string): Asn1 => universal(Type.OCTETSTRING, false, content);
/** @param unused bits at the end that do not count */
export const bits = (content: string, unused = 0): Asn1 =>
  universal(Type.BITSTRING, false, String.fromCharCode(unused) + content);
export const utf8 = (text: string): Asn1 => universal(Type.UTF8, false, Buffer.from(text, 'utf8').toString('latin1'));
export const tagged = (tag: number, constructed: boolean, value: string | Asn1[]): Asn1 =>
  asn1.create(Class.CONTEXT_SPECIFIC, tag, constructed, value);

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). */
export function time(date: Date): Asn1 {
  return date.getUTCFullYear() < 2050
    ? universal(Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : universal(Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}

export const encode = (value: Asn1): string => asn1.toDer(value).getBytes();
export const parse = (der: Uint8Array): Asn1 => asn1.fromDer(bytes(der));
export type { Asn1 };
