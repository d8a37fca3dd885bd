/** Places that the privileged helper may write, by system; the trust stores are in trust-kinds.ts. Constants: nothing here comes from a caller. */

export interface PrivilegedPlaces {
  readonly hosts: string;
  /** sysctl.d(5) file that opens the low ports; null where there is nothing to open. */
  readonly lowPorts: string | null;
  /** Unit that tells systemd-resolved (Linux), or folder of resolver(5) files (macOS); null where there is none. */
  readonly resolver: string | null;
}

const PLACES = {
  linux: {
    hosts: '/etc/hosts',
    lowPorts: '/etc/sysctl.d/60-kojibox.conf',
    resolver: '/etc/systemd/system/kojibox-resolver.service',
  },
  darwin: { hosts: '/etc/hosts', lowPorts: null, resolver: '/etc/resolver' },
  windows: {
    hosts: 'C:\\Windows\\System32\\drivers\\etc\\hosts',

    lowPorts: null,
    resolver: null,
  },
} as const satisfies Record<string, PrivilegedPlaces>;

export type PrivilegedSystem = keyof typeof PLACES;

export const privilegedPlaces = (system: PrivilegedSystem): PrivilegedPlaces => PLACES[system];

/** @param fingerprint SHA-256 of the authority, lower-case hex */
export const authorityFileName = (fingerprint: string): string => `kojibox-${fingerprint.slice(0, 8)}.crt`;
