/** How an error looks on a terminal: what could not be done, why, and the cure. */
import { diskFull } from '../../contract/disk-error.ts';
import { KojiboxError, ERRORS } from '../../contract/errors.ts';
import { paint } from './style.ts';
import { jsonText, writeError, writeOut } from './terminal-text.ts';

/** Prints to stderr (or as JSON to stdout) and returns the exit code. */
export function printError(error: unknown, json: boolean): number {
  const known = error instanceof KojiboxError ? error : internal(error);
  if (json) {
    writeOut(`${jsonText({ error: known.toBody(new Date().toISOString()) }, 2)}\n`);
  } else {
    writeError(`${paint('red', '✗')} ${known.message} ${paint('dim', `(${known.code})`)}\n`);
    if (known.detail !== '') writeError(`  ${known.detail}\n`);
    if (known.remedy !== '') writeError(`  ${paint('cyan', '→')} ${known.remedy}\n`);
  }
  return ERRORS[known.code].exitCode;
}

function internal(error: unknown): KojiboxError {
  const full = diskFull(error, 'cannot finish the command');
  if (full !== null) return full;
  if (process.env['KOJIBOX_DEBUG'] && error instanceof Error) writeError(`${error.stack ?? ''}\n`);
  return new KojiboxError('INTERNAL', 'cannot finish the command', {
    detail: error instanceof Error ? error.message : String(error),
    source: 'cli',
    remedy: 'This is a defect in Kojibox; please report it with the output of the same command under KOJIBOX_DEBUG=1.',
  });
}
