/** How the daemon is launched: the same for the command line and the desktop app. */

/**
 * Starts the daemon again when it dies of a signal or a crash, so that services are never without one for long. A shell, because it
 * costs 1 MB where a second Node would cost 40. Exit codes 0 (told to end), 75 (another daemon runs) and 78 (cannot run here) are final.
 * While an update tries this version (its journal is named by KOJIBOX_TRIAL) every end is: the update then goes back to the former one.
 */
const GUARDIAN = `trap '' HUP
"$@"; code=$?; exec 3>&-; tries=0; unset KOJIBOX_READY_FD
while :; do
  case $code in 0|75|78) exit $code;; esac
  [ -n "$KOJIBOX_TRIAL" ] && [ -e "$KOJIBOX_TRIAL" ] && exit $code
  tries=$((tries+1)); [ $tries -gt 200 ] && exit $code
  [ $code -lt 128 ] && sleep 1
  "$@"; code=$?
done`;

/**
 * The daemon is idle most of its life: small heap spaces, one helper thread. The optimizing compilers take 8 MB for themselves (20 MB at an
 * install) and make its heaviest work, a search through a million lines of log, faster by a tenth.
 */
const NODE_OPTIONS = [
  '--max-semi-space-size=2',
  '--v8-pool-size=1',
  '--optimize-for-size',
  '--no-opt',
  '--no-maglev',
  '--no-warnings',
];

/** One arena of malloc (mallopt(3)). */
export const DAEMON_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' };

/**
 * @param platform as Node names it
 * @param node what runs the program: Node, or the desktop app's own binary with ELECTRON_RUN_AS_NODE set
 * @param program dist/daemon/main.mjs
 */
export function daemonCommand(
  platform: string,
  node: string,
  program: string,
): { readonly file: string; readonly args: readonly string[] } {
  const command = [...NODE_OPTIONS, program];
  return platform === 'win32'
    ? { file: node, args: command }
    : { file: '/bin/sh', args: ['-c', GUARDIAN, 'kojibox', node, ...command] };
}
