/** By which step of the ladder a name is reached, and what the system's resolver does. */
import { sayer } from './sentence.ts';

export const NAMES = {
  hostsOverruled: 'another line of {file} comes first: {line}',
  hostsPoints: '{file} points it at this machine',
  hostsLacks: '{file} does not have it, and may not be changed without more rights',
  resolverAsks: "the system's resolver asks Kojibox for it, and for every name below it",
  resolverNotTold: "the system's resolver is not told to ask Kojibox: koji domains resolver status",
  localhostName: 'browsers send every name under .localhost to this machine',
  localhostPort: 'works with no name at all, but shows the list of sites',
  allComeHere: 'every name under {names} comes to this machine, wildcards included',
  outdated: 'it is set for another port, for other names or by another home; set it again: koji domains resolver on',
  noMechanism:
    'this system has no systemd-resolved that could be told, so names come from the hosts file: koji domains apply',
  notAsked: 'the system does not ask Kojibox for names under {names} yet: koji domains resolver on',
  doesNotCome:
    'it is set, but a name that the system was asked for did not come here; see: systemctl status kojibox-resolver systemd-resolved, and whether /etc/resolv.conf is a link to that of systemd-resolved',
  noAnswer: 'it is set, but the name server does not answer; it comes with the stack: koji up',
} as const;
export const sayName = sayer(NAMES);
