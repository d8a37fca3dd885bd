/** Every place that the privileged helper may write, by system. Constants: nothing here comes from a caller. */

export interface PrivilegedPlaces {
  readonly hosts: string;
  /** Folder of the system's own trust store; null where a program keeps it. */
  readonly authorities: string | null;
  /** sysctl.d(5) file that opens the low ports; null where there is nothing to open. */
  readonly lowPorts: string | null;
  /** Unit that tells systemd-resolved (Linux), or folder of resolver(5) files (macOS); null where there is none. */
  readonly resolver: string | null;
}

const PLACES = {
  linux: {
    hosts: '/etc/hosts',
    authorities: '/usr/local/share/ca-certificates',
    lowPorts: '/etc/sysctl.d/60-kojibox.conf',
    resolver: '/etc/systemd/system/kojibox-resolver.service',
  },
  darwin: { hosts: '/etc/hosts', authorities: null, lowPorts: null, resolver: '/etc/resolver' },
  windows: {
    hosts: 'C:\\Windows\\System32\\drivers\\etc\\hosts',
    authorities: null,
    lowPorts: null,
    resolver: null,
  },
} as const satisfies Record<string, PrivilegedPlaces>;

export type PrivilegedSystem = keyof typeof PLACES;

export const privilegedPlaces = (system: PrivilegedSystem): PrivilegedPlaces => PLACES[system];

/** @param fingerprint SHA-256 of the authority, lower-case hex */
export const authorityFileName = (fingerprint: string): string => `kojibox-${fingerprint.slice(0, 8)}.crt`;
