/** One line per event on stdout, which the supervisor sent straight to the edge's log file. */
export function log(level: 'info' | 'warn' | 'error', message: string): void {
  process.stdout.write(`${new Date().toISOString()} ${level} ${message.replaceAll('\n', ' ')}\n`);
}
