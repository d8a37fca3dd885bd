/** The sysctl.d(5) file that lets everybody listen on ports from 80 on (ip-sysctl: ip_unprivileged_port_start). Pure. */
export const LOW_PORT_START = 80;
/** What the kernel has when no one changed it. */
export const KERNEL_DEFAULT_START = 1024;
export const PORT_START_FILE = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

/** @param before what the kernel had, so that undoing can give it back */
export const lowPortsFile = (before: number): string =>
  [
    '# Made by Kojibox: sites may be at ports 80 and 443 without root. Removed by: koji undo',
    `# before: ${before}`,
    `net.ipv4.ip_unprivileged_port_start = ${LOW_PORT_START}`,
    '',
  ].join('\n');

/** @returns what to give back; the kernel's default for a file that someone changed */
export function startBefore(text: string): number {
  const before = Number(/^# before: (\d{1,5})$/m.exec(text)?.[1] ?? KERNEL_DEFAULT_START);
  return before <= 65_535 ? before : KERNEL_DEFAULT_START;
}
