/** What was changed outside of Kojibox's own folder, what will be, and why it could not be. */
import { sayer } from './sentence.ts';

export const SYSTEM_CHANGES = {
  trustInSystem: 'local authority in the trust store of the system',
  trustInDatabase: 'local authority in {database}',
  oneName: '1 name in {file}',
  names: '{count} names in {file}',
  resolverAsks: 'names under {names} are asked of Kojibox',
  lowPorts: 'ports from {port} on may be used without root',
  shellPrograms: 'Programs of the stack on the PATH of {shell}',
  keychainKey: 'key of the secrets in the {keychain}',
  willDropHosts: 'The block of Kojibox is taken out of {file}.',
  willPointHere: '{names} will point at this machine, in a marked block of {file}.',
  willTrust:
    'Programs of this machine will trust the local authority {fingerprint}, which can vouch for local names only: {file}.',
  willOpenPorts:
    'Every user of this machine may listen on ports from {port} on, so that links need no port number: {file}.',
  willAsk:
    'The resolver of this system will ask Kojibox ({address}) for every name under {names}, and for no other: {file}.',
  willTakeBack: 'Taken back: {summary} ({target}).',
  cannotChange: 'cannot change this system',
  helperFailed: 'the privileged helper could not do everything',
  helperRefused: 'the privileged helper refused: {message}',
  notGiven: 'the rights for this change were not given',
  nothingChanged: 'nothing was changed',
  confirmAgain: 'Start it again and confirm it with your password, or go on with the next step of the ladder.',
  runInTerminal: 'Run in a terminal: {command}',
  noResolver: 'this system has no systemd-resolved that could be told; names come from the hosts file',
  askedLater: 'needs administrator rights, which are asked for when the rest is done',
} as const;
export const saySystemChange = sayer(SYSTEM_CHANGES);
