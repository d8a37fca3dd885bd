/** How each kind of Linux keeps the authorities that it trusts: a folder for certificates of one's own, and a program that puts them to use. */
import { dirname } from 'node:path';

export interface TrustKind {
  readonly id: 'fedora' | 'arch' | 'suse' | 'debian';
  /** One file per certificate, for root alone. */
  readonly folder: string;
  /** Where the program may be; absolute. */
  readonly programs: readonly string[];
  /** Arguments after a certificate was added, and after one was taken out. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What the program writes, in PEM. */
  readonly bundle: string;
}

const CA_TRUST = ['/usr/bin/update-ca-trust', '/usr/sbin/update-ca-trust'];
const CA_CERTIFICATES = ['/usr/sbin/update-ca-certificates', '/usr/bin/update-ca-certificates'];

/** The first whose folder and program are there. See update-ca-trust(8), update-ca-certificates(8). */
export const TRUST_KINDS: readonly TrustKind[] = [
  {
    id: 'fedora', // And RHEL with its relatives.
    folder: '/etc/pki/ca-trust/source/anchors',
    programs: CA_TRUST,
    added: ['extract'],
    removed: ['extract'],
    bundle: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  },
  {
    id: 'arch',
    folder: '/etc/ca-certificates/trust-source/anchors',
    programs: CA_TRUST,
    added: [],
    removed: [],
    bundle: '/etc/ca-certificates/extracted/tls-ca-bundle.pem',
  },
  {
    id: 'suse',
    folder: '/etc/pki/trust/anchors',
    programs: CA_CERTIFICATES,
    added: [],
    removed: ['--fresh'],
    bundle: '/var/lib/ca-certificates/ca-bundle.pem',
  },
  {
    id: 'debian', // And Ubuntu, Alpine, Gentoo.
    folder: '/usr/local/share/ca-certificates',
    programs: CA_CERTIFICATES,
    added: [],
    removed: ['--fresh'],
    bundle: '/etc/ssl/certs/ca-certificates.crt',
  },
];

/** A system whose files are made from a configuration: what is written by hand is gone with the next switch. */
export const NIXOS_MARK = '/etc/NIXOS';

export interface FoundTrust extends TrustKind {
  /** Absolute. */
  readonly program: string;
}

/** @returns null where no kind is known */
export function trustKindOf(exists: (path: string) => boolean): FoundTrust | null {
  if (exists(NIXOS_MARK)) return null;
  for (const kind of TRUST_KINDS) {
    const program = kind.programs.find(exists);
    if (program !== undefined && exists(kind.folder)) return { ...kind, program };
  }
  return null;
}

/** Every path that {@link trustKindOf} asks for. */
export const TRUST_PATHS: readonly string[] = [
  NIXOS_MARK,
  ...new Set(TRUST_KINDS.flatMap(({ folder, programs }) => [folder, ...programs])),
];

/** As {@link trustKindOf}, where a look takes its time. */
export async function findTrustKind(exists: (path: string) => Promise<boolean>): Promise<FoundTrust | null> {
  const there = new Set<string>();
  for (const path of TRUST_PATHS) if (await exists(path)) there.add(path);
  return trustKindOf((path) => there.has(path));
}

/** Of a file that was added, whatever system this is now. */
export const trustKindOfFile = (file: string): TrustKind | undefined =>
  TRUST_KINDS.find(({ folder }) => folder === dirname(file));

const nameOf = ({ programs: [first = ''] }: TrustKind): string => first.split('/').at(-1) ?? '';
const commandOf = (kind: TrustKind, args: readonly string[]): string => [nameOf(kind), ...args].join(' ');

/** For people. */
export const trustCommand = (kind: TrustKind, certificate: string, file: string): string =>
  `sudo sh -c 'cp ${certificate} ${file} && ${commandOf(kind, kind.added)}'`;
export const distrustCommand = (kind: TrustKind, file: string): string =>
  `sudo sh -c 'rm -f ${file} && ${commandOf(kind, kind.removed)}'`;
export const refreshTrustCommand = (kind: TrustKind): string => `sudo ${commandOf(kind, kind.removed)}`;
