/** Why a client program of a database ended, out of what it said. */

const ERROR = /\b(?:ERROR|FATAL|PANIC)\b[: ]/;
const MAX_LINES = 4;

/** @returns its last error with what explains it, as psql adds DETAIL, HINT and CONTEXT; the last lines where it names no error */
export function reasonIn(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const at = lines.findLastIndex((line) => ERROR.test(line));
  return (at === -1 ? lines.slice(1 - MAX_LINES) : lines.slice(at, at + MAX_LINES)).join(' ').trim();
}
