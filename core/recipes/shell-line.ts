/** How a line of the shell becomes a service that signals reach. */

/** Begins a command that the shell itself carries out, or none: `exec` cannot run it. POSIX.1-2017 XCU 2.4, 2.9.1 and 2.14. */
const SHELL_WORD =
  /^(?:[A-Za-z_]\w*=|(?:\.|:|!|\{|\[\[|alias|bg|break|case|cd|command|continue|eval|exec|exit|export|fg|for|function|getopts|hash|if|jobs|local|read|readonly|return|set|shift|source|test|times|trap|type|ulimit|umask|unalias|unset|until|wait|while)(?:\s|$))/;
/** Separates commands, or starts others. */
const OPERATOR = /[;&|<>()`\n#]|\$\(/;

/**
 * Runs the line in the background and waits for it, because a shell takes no signal while a command runs in the foreground. SIGTERM goes to the
 * whole process group; what the line has left to do after it is not begun.
 */
const SUPERVISE = `{ trap 'exit 143' TERM; eval "$1"; } &
trap 'trap "" TERM; kill -TERM 0' TERM
wait $!; status=$?
trap 'trap "" TERM' TERM
if kill -0 $! 2>/dev/null; then wait $!; status=$?; fi
exit $status`;

/** Arguments of `/bin/sh` for a line. One plain command replaces the shell. */
export function shellArguments(line: string): string[] {
  const command = line.trim();
  return SHELL_WORD.test(command) || OPERATOR.test(command)
    ? ['-c', SUPERVISE, 'sh', command]
    : ['-c', `exec ${command}`];
}
