/** Making certificates: a name-constrained local root and short-lived leaves, EC P-256 keys, ECDSA with SHA-256. RFC 5280 and RFC 5480. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  bits,
  boolean,
  bytes,
  encode,
  integer,
  octets,
  oid,
  parse,
  sequence,
  set,
  tagged,
  time,
  utf8,
  type Asn1,
} from './der.ts';
import { FOREIGN_DOMAINS } from './local-domains.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const RFC822_NAME = 1;
const DNS_NAME = 2;
const URI = 6;
const IP_ADDRESS = 7;
/** A name of a kind for which none may be vouched for: a host that cannot be (RFC 6761 section 6.4). */
const NOBODY = 'kojibox.invalid';

/** Loopback of IPv4 and IPv6 as address and mask (RFC 5280 section 4.2.1.10). */
const LOOPBACK_RANGES = [
  Buffer.from([127, 0, 0, 0, 255, 0, 0, 0]),
  Buffer.concat([Buffer.alloc(15), Buffer.from([1]), Buffer.alloc(16, 255)]),
];

export interface IssuedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  readonly expiresAt: Date;
}

export interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

/** An authority that can vouch only for names under `domains` and for loopback addresses: a critical constraint that every client enforces. */
export function issueRoot(options: {
  readonly name: string;
  readonly domains: readonly string[];
  readonly now: Date;
  readonly days: number;
  readonly form?: RootForm;
}): IssuedCertificate & { readonly issuer: Issuer } {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name: options.name, key: keys.privateKey, publicKey: keys.publicKey };
  const extensions = rootExtensions(keys.publicKey, options.domains, options.form);
  const issued = issue({
    issuer,
    subject: options.name,
    publicKey: keys.publicKey,
    now: options.now,
    days: options.days,
    extensions,
  });
  return { ...issued, privateKey: exportKey(keys.privateKey), issuer };
}

/** `former`: as versions before wrote it, which named hosts and addresses alone. */
export type RootForm = 'current' | 'former';

/** What makes the authority harmless elsewhere: its whole extensions, which are the same bytes for the same key and domains. */
export function rootExtensions(publicKey: KeyObject, domains: readonly string[], form: RootForm = 'current'): Asn1[] {
  const isCurrent = form === 'current';
  const excluded = isCurrent ? FOREIGN_DOMAINS.map((domain) => sequence(tagged(DNS_NAME, false, domain))) : [];
  const permitted = [
    ...domains.map((domain) => sequence(tagged(DNS_NAME, false, domain))),
    ...LOOPBACK_RANGES.map((range) => sequence(tagged(IP_ADDRESS, false, bytes(range)))),
    // A kind that is not named is not constrained: without these it could vouch for any address of mail (section 4.2.1.10).
    ...(isCurrent ? [RFC822_NAME, URI].map((kind) => sequence(tagged(kind, false, NOBODY))) : []),
  ];
  return [
    extension('basicConstraints', true, sequence(boolean(true), integer(Buffer.from([0])))),
    // keyCertSign and cRLSign: bits 5 and 6.
    extension('keyUsage', true, bits('\x06', 1)),
    extension(
      'nameConstraints',
      true,
      sequence(tagged(0, true, permitted), ...(excluded.length === 0 ? [] : [tagged(1, true, excluded)])),
    ),
    extension('subjectKeyIdentifier', false, octets(keyIdentifier(publicKey))),
  ];
}

/** A server certificate for these names; loopback addresses are named too, so that `https://127.0.0.1` is covered. */
export function issueLeaf(options: {
  readonly issuer: Issuer;
  readonly hosts: readonly string[];
  readonly now: Date;
  readonly days: number;
}): IssuedCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = options.hosts.map((host) => tagged(DNS_NAME, false, host));
  const extensions = [
    extension('basicConstraints', true, sequence()),
    // digitalSignature: bit 0.
    extension('keyUsage', true, bits('\x80', 7)),
    extension('extendedKeyUsage', false, sequence(oid(SERVER_AUTH))),
    extension('subjectAltName', false, sequence(...names)),
    extension('subjectKeyIdentifier', false, octets(keyIdentifier(keys.publicKey))),
    extension('authorityKeyIdentifier', false, sequence(tagged(0, false, keyIdentifier(options.issuer.publicKey)))),
  ];
  const issued = issue({
    issuer: options.issuer,
    subject: options.hosts[0] ?? '',
    publicKey: keys.publicKey,
    now: options.now,
    days: options.days,
    extensions,
  });
  return { ...issued, privateKey: exportKey(keys.privateKey) };
}

interface IssueOptions {
  readonly issuer: Issuer;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly now: Date;
  readonly days: number;
  readonly extensions: readonly Asn1[];
}

function issue({ issuer, subject, publicKey, now, days, extensions }: IssueOptions): {
  certificate: string;
  expiresAt: Date;
} {
  // An hour back: clocks of virtual machines lag.
  const from = new Date(Math.floor(now.getTime() / 1000) * 1000 - 3600_000);
  const expiresAt = new Date(from.getTime() + days * 86_400_000);
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // Positive and without leading zeros (section 4.1.2.2).
  const algorithm = (): Asn1 => sequence(oid(ECDSA_WITH_SHA256));
  const body = sequence(
    tagged(0, true, [integer(Buffer.from([2]))]),
    integer(serial),
    algorithm(),
    distinguishedName(issuer.name),
    sequence(time(from), time(expiresAt)),
    distinguishedName(subject),
    parse(publicKey.export({ type: 'spki', format: 'der' })),
    tagged(3, true, [sequence(...extensions)]),
  );
  const signature = sign('sha256', Buffer.from(encode(body), 'latin1'), issuer.key);
  const der = Buffer.from(encode(sequence(body, algorithm(), bits(bytes(signature)))), 'latin1');
  return { certificate: pem(der), expiresAt };
}

const distinguishedName = (name: string): Asn1 =>
  // A common name holds at most 64 characters (RFC 5280 appendix A); the names that count are in the alternative names.
  sequence(set(sequence(oid(ORGANIZATION), utf8('Kojibox'))), set(sequence(oid(COMMON_NAME), utf8(name.slice(0, 64)))));

const extension = (name: keyof typeof EXTENSION, critical: boolean, value: Asn1): Asn1 =>
  sequence(oid(EXTENSION[name]), ...(critical ? [boolean(true)] : []), octets(encode(value)));

/** SHA-1 of the public key's bits (section 4.2.1.2, method 1). An identifier, not a signature. */
function keyIdentifier(key: KeyObject): string {
  const spki = key.export({ type: 'spki', format: 'der' });
  // For P-256 the bit string is the last 65 bytes: 04, X, Y (RFC 5480 section 2.2).
  return bytes(createHash('sha1').update(spki.subarray(-65)).digest());
}

const exportKey = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
