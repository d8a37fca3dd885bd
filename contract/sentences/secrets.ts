/** Where the key of the stored passwords is, and why not in the keychain. */
import { sayer } from './sentence.ts';

export const SECRETS = {
  keptBy: 'kept by the {keychain}',
  movedThere: 'it was moved there',
  notTaken: 'the {keychain} did not take it',
  fileMissing: 'its file {file} is missing',
  noneKept: 'no secret was kept yet',
  otherKey: 'the entry {entry} holds another key',
  noEntry: 'it has no entry {entry} any more',
  notGivenBack: 'it did not give back what was just kept there',
  keptInFile: 'the user keeps it in the file',
  off: 'KOJIBOX_KEYCHAIN is off',
  rootHasNone: 'root has no keychain of its own',
  noSession: 'there is no desktop session (no D-Bus)',
  noKey: 'it gave no key',
  noAnswer: 'its program ended without an answer',
  tooSlow: 'the keychain did not answer within {seconds} s',
} as const;
export const saySecret = sayer(SECRETS);
