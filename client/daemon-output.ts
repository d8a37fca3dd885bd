/** What a daemon that did not start has left as its output (app/logs/daemon.out.log), as an error with its cure. */
import { ErrorBodySchema, KojiboxError } from '../contract/errors.ts';

const SHOWN_LINES = 3;

/**
 * @param output all of it; of several starts the last counts
 * @param why what was seen from outside, e.g. "it ended with code 1"
 * @param log path of the output, for the person
 */
export function explainStart(output: string, why: string, log: string): KojiboxError {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return errorIn(lines.at(-1) ?? '') ?? unexplained(lines, why, log);
}

/** A daemon that knows why writes that as its last line. */
function errorIn(line: string): KojiboxError | null {
  try {
    return KojiboxError.fromBody(ErrorBodySchema.parse((JSON.parse(line) as { error: unknown }).error));
  } catch {
    return null; // It ended in another way.
  }
}

function unexplained(lines: readonly string[], why: string, log: string): KojiboxError {
  // Of a crash, what was thrown: stacks, carets, the quoted line of the program and Node's own version say nothing to most.
  const told = lines.filter((line) => !/^\s|^node:internal|^file:\/\/|^Node\.js v|^[}\]]|^kojibox: gave up/.test(line));
  const shown = told.filter((line, index) => told.lastIndexOf(line) === index).slice(-SHOWN_LINES);
  const cannotLoad = lines.some((line) =>
    /ERR_MODULE_NOT_FOUND|SyntaxError|ERR_DLOPEN_FAILED|Cannot find module/.test(line),
  );
  return new KojiboxError('DAEMON_UNREACHABLE', 'cannot start the daemon', {
    detail: shown.length === 0 ? why : `${why}: ${shown.join(' | ')}`,
    source: 'daemon',
    remedy: cannotLoad
      ? `Its program is not whole. Install Kojibox again (in a checkout: npm start), then run koji up. All it said is in ${log}.`
      : `All it said is in ${log}. Put right what it names, then run koji up; koji doctor looks for the usual causes.`,
  });
}
