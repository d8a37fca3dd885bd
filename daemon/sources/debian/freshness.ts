/** Whether a signed index is to be used now: of the release that was asked for, not past its date, not older than one that was seen. */
import { KojiboxError } from '../../../contract/errors.ts';
import type { ReleaseAnswer } from './protocol.ts';

/** Clocks differ. */
const CLOCK_MS = 24 * 3600 * 1000;
const day = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');

/** @param base address of the release, for messages */
export function untrusted(base: string, said: Exclude<ReleaseAnswer, { state: 'good' }>): KojiboxError {
  return said.state === 'no-release'
    ? new KojiboxError('DOWNLOAD_FAILED', 'cannot read the index of the archive', {
        detail: `${base} answers with something else than a signed index`,
        source: 'runtime',
        remedy: 'A page for logging in to the network answers so, too: open a web page, then try again.',
      })
    : new KojiboxError('INDEX_UNTRUSTED', 'cannot trust the index of the archive', {
        detail: `${base}: ${said.why}`,
        source: 'runtime',
      });
}

/** Throws INDEX_UNTRUSTED, INDEX_EXPIRED or INDEX_OLDER. */
export function assertCurrent(
  base: string,
  release: string,
  said: Extract<ReleaseAnswer, { state: 'good' }>,
  limits: { readonly now: number; readonly newestSeen: number; readonly allowsExpired: boolean },
): void {
  const refuse = (code: 'INDEX_UNTRUSTED' | 'INDEX_EXPIRED' | 'INDEX_OLDER', detail: string): KojiboxError =>
    new KojiboxError(code, 'cannot use the index of the archive', { detail, source: 'runtime' });
  if (said.codename !== release) throw refuse('INDEX_UNTRUSTED', `${base} is signed as ${said.codename}`);
  if (said.date > limits.now + CLOCK_MS)
    throw refuse('INDEX_UNTRUSTED', `${base} was made at ${day(said.date)}, in the future`);
  if (said.date < limits.newestSeen)
    throw refuse('INDEX_OLDER', `${base} is of ${day(said.date)}; one of ${day(limits.newestSeen)} was seen before`);
  if (said.validUntil !== null && said.validUntil < limits.now && !limits.allowsExpired)
    throw refuse('INDEX_EXPIRED', `${base} was valid until ${day(said.validUntil)}`);
}
