/** The first file that a start writes: a home that cannot be written shows itself here, before there is a daemon to tell it. */
import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';

/** @returns a descriptor of the emptied file. Throws PERMISSION_DENIED and DISK_FULL. */
export function openOutput(log: string, home: string): number {
  try {
    mkdirSync(dirname(log), { recursive: true });
    return openSync(log, 'w', 0o600);
  } catch (cause) {
    throw explainUnwritable(cause, home);
  }
}

/** See errno(3) for the codes; anything else is as it was. */
export function explainUnwritable(cause: unknown, home: string): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  const options = { detail: message, source: 'daemon', cause };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new KojiboxError('PERMISSION_DENIED', `cannot write into ${home}`, {
      ...options,
      remedy: `Make the folder yours again (ls -ld ${home} shows whose it is), or name another one in KOJIBOX_HOME.`,
    });
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new KojiboxError('DISK_FULL', `cannot write into ${home}`, options);
  return cause;
}
