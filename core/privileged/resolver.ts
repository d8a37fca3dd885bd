/** Files that send names under a suffix to a name server on loopback. Pure. systemd.service(5), resolvectl(1), resolver(5) of macOS. */

/** A pair of network interfaces of our own: resolved knows domains by interface, and loopback can have none. */
const [LINK, PEER] = ['kojibox0', 'kojibox1'];
/** Of TEST-NET-1 (RFC 5737), so of nobody: resolved uses an interface only when it has an address. */
const LINK_ADDRESS = '192.0.2.53/32';
/** What systemd-resolved is told with; where one is missing, it cannot be. */
export const RESOLVED_PROGRAMS = {
  ip: '/usr/sbin/ip',
  resolvectl: '/usr/bin/resolvectl',
  systemctl: '/usr/bin/systemctl',
} as const;
const { ip: IP, resolvectl: RESOLVECTL } = RESOLVED_PROGRAMS;

/**
 * A unit that gives systemd-resolved an interface with our name server, for these names alone. A drop-in of resolved.conf would be shorter,
 * but its servers are asked for every other name too ("the global DNS scope is always suitable as default route", resolved-dns-scope.c).
 * It goes with resolved (PartOf), because that forgets when it is started again.
 */
export const resolverUnit = (suffixes: readonly string[], port: number): string =>
  [
    '# Made by Kojibox: names under these suffixes are on this machine. Removed by: koji domains resolver off',
    '[Unit]',
    'Description=Local names of Kojibox',
    'After=systemd-resolved.service',
    'PartOf=systemd-resolved.service',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    `ExecStartPre=-${IP} link delete ${LINK}`,
    `ExecStart=${IP} link add ${LINK} type veth peer name ${PEER}`,
    `ExecStart=${IP} link set dev ${PEER} addrgenmode none up`,
    `ExecStart=${IP} link set dev ${LINK} addrgenmode none up`,
    `ExecStart=${IP} address add ${LINK_ADDRESS} dev ${LINK}`,
    `ExecStart=${RESOLVECTL} dns ${LINK} 127.0.0.1:${port}`,
    `ExecStart=${RESOLVECTL} domain ${LINK} ${suffixes.map((suffix) => `~${suffix}`).join(' ')}`,
    `ExecStart=${RESOLVECTL} default-route ${LINK} no`,
    `ExecStart=${RESOLVECTL} llmnr ${LINK} no`,
    `ExecStop=-${IP} link delete ${LINK}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target systemd-resolved.service',
    '',
  ].join('\n');

/** One file per suffix, named after it. */
export const macResolverFile = (port: number): string =>
  ['# Made by Kojibox. Removed by: koji domains resolver off', 'nameserver 127.0.0.1', `port ${port}`, ''].join('\n');

/** The names that a unit of ours is for. */
export const suffixesOfUnit = (text: string): string[] =>
  (/^ExecStart=\S+\/resolvectl domain \S+ (.+)$/m.exec(text)?.[1] ?? '')
    .split(' ')
    .filter(Boolean)
    .map((suffix) => suffix.replace(/^~/, ''));
