/** What came of a run of the helper: its reply, or why there is none. */
import { KojiboxError } from '../../contract/errors.ts';
import type { Elevation } from './elevation.ts';
import { PrivilegedReplySchema, type PrivilegedAction, type PrivilegedResult } from './request.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';

export interface Ending {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** ERROR_CANCELLED of Windows, as our script passes it on. */
const UAC_CANCELLED = 1223;

/**
 * Results of the helper. Throws CANCELLED when the person said no, PERMISSION_DENIED when no one could be asked or the rights were not given.
 *
 * @param byHand commands that do the same, for the remedy
 */
export function readOutcome(
  { way }: Pick<Elevation, 'way'>,
  ending: Ending,
  actions: readonly PrivilegedAction[],
  byHand: readonly string[],
): PrivilegedResult[] {
  const { exitCode } = ending;
  const reply = parseReply(ending.stdout);
  if (reply?.results) return reply.results;
  if (reply !== null) throw denied(saySystemChange('helperRefused', { message: reply.message }), byHand);
  if (way === 'uac' && exitCode === 0)
    return actions.map(({ verb }) => ({ verb, status: 'changed', message: 'done by the privileged helper' }));
  if (isCancelled(way, ending))
    throw new KojiboxError('CANCELLED', saySystemChange('notGiven'), {
      detail: saySystemChange('nothingChanged'),
      source: 'privileged',
      remedy: saySystemChange('confirmAgain'),
    });
  const said = ending.stderr.trim().split('\n').slice(-3).join(' | ');
  throw denied(said === '' ? `${way} ended with ${exitCode ?? 'a signal'}` : said, byHand);
}

/** pkexec(1): 126 when the dialog was dismissed. sudo in a terminal: Ctrl-C, or three wrong passwords. */
function isCancelled(way: Elevation['way'], { exitCode, stderr }: Ending): boolean {
  if (way === 'pkexec') return exitCode === 126;
  if (way === 'sudo')
    return exitCode === null || exitCode === 130 || (exitCode === 1 && !/not (in the sudoers|allowed)/.test(stderr));
  if (way === 'osascript') return /User canceled|\(-128\)/.test(stderr);
  return way === 'uac' && exitCode === UAC_CANCELLED;
}

export function denied(detail: string, byHand: readonly string[]): KojiboxError {
  return new KojiboxError('PERMISSION_DENIED', saySystemChange('cannotChange'), {
    detail,
    source: 'privileged',
    ...(byHand.length === 0 ? {} : { remedy: saySystemChange('runInTerminal', { command: byHand.join(' && ') }) }),
  });
}

function parseReply(stdout: string): ReturnType<typeof PrivilegedReplySchema.parse> | null {
  try {
    // A shell's own profile may have printed before it.
    return PrivilegedReplySchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  } catch {
    return null; // The helper was not reached.
  }
}
