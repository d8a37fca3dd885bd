/**
 * The sentences that the daemon tells everybody by itself (`notices` of a snapshot). They cross the wire in English, see `sentences`.
 */
import { readSentence, sayer } from './sentences/sentence.ts';

export const NOTICES = {
  portMoved: '{service} uses port {port}, because {holder} has {wanted}.',
  authorityRenewed:
    'The local certificate authority was damaged or had expired, so a new one was made. Trust it again with: koji certs trust {domain}',
  configRestored:
    '{file} was not readable. The last good copy was put back; the broken file is {aside} (CONFIG_CORRUPT).',
  configLost:
    '{file} was not readable and there is no good copy, so it starts afresh; the broken file is {aside} (CONFIG_CORRUPT).',
  configUnusable: '{file} cannot be read or put aside ({reason}), so its settings are not in use (CONFIG_CORRUPT).',
  recordsSetAside:
    '{count} records of {file} could not be read ({reason}). They are in {aside}; all others are in use (CONFIG_CORRUPT).',
  recordsLeftOut:
    '{count} records of {file} could not be read ({reason}) and are not in use; they could not be put aside: {problem} (CONFIG_CORRUPT).',
  metricsLost:
    'The history of resource use ({file}) was not readable ({reason}), so it starts empty; the broken file is {aside}.',
  homeNotMoved: 'The data could not be moved to {to}: {reason}. It is in {from} as before.',
  folderOfRoot:
    'The code of {project} runs as user {user} and cannot write: its folder belongs to root. Give it to your own user: chown -R USER {path}',
  homeOpen:
    'Kojibox runs as root, and another user can put something else in the place of its data: {folder} is theirs, or they may write in it. End Kojibox, move {home} below folders of root, and set KOJIBOX_HOME to it.',
  restoreCut: 'A restore of {service} was cut short; the state before it is back.',
  startFailed: 'Cannot start {service} again: {reason}',
  snapshotLeftovers: 'Cannot tidy up what a snapshot left: {reason}',
  updateRolledBack:
    'Kojibox {to} did not work here ({reason}), so {from} runs again. It is not offered any more until there is another build of it.',
} as const;
export type NoticeKind = keyof typeof NOTICES;

/** The sentence of this kind. */
export const noticeText = sayer(NOTICES);

/** Which sentence it is, and the values in it; null for one of a daemon that has others. */
export const readNotice = (
  text: string,
): { readonly kind: NoticeKind; readonly values: Record<string, string> } | null => readSentence(NOTICES, text);
