/** Why a disk takes nothing, and what helps. */
import { sayer } from './sentence.ts';

export const DISK = {
  full: 'the disk of {folder} is full',
  overQuota: 'the disk quota of {folder} is used up',
  overLimit: 'a file in {folder} would be larger than this system allows',
  readOnly: 'the disk of {folder} can only be read',
  broken: 'the disk of {folder} reports an error',
  unknownFolder: 'a folder of Kojibox',
  overQuotaHelp: 'Free some space, or ask for a larger quota, then try again.',
  overLimitHelp: 'Raise the limit for the size of files (ulimit -f), then try again.',
  readOnlyHelp:
    'Make the disk writable again, then try once more; a disk with errors is often made read-only by the system.',
  brokenHelp: 'Look at the messages of the system (dmesg) and save your data: the disk may be about to fail.',
} as const;
export const sayDisk = sayer(DISK);
