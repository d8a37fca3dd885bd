/** How the daemon is launched: the same for the command line and the desktop app. */

/**
 * Starts the daemon again when it dies of a signal or a crash, so that services are never without one for long. A shell, because it
 * costs 1 MB where a second Node would cost 40. Exit codes 0 (told to end), 75 (another daemon runs) and 78 (cannot run here) are final.
 * While an update tries this version (the file that KOJIBOX_TRIAL names is there) every end is: the update then goes back to the former one.
 * Each trial has a file of its own, because the name stays in the environment of the daemon long after the trial.
 *
 * A start that fails by itself within ten seconds cannot load: after three of those it gives up, and who waits is told why. Descriptor 3,
 * on which the daemon says that it is ready, stays open until then. A daemon that did run gets six starts, one that crashes by a signal
 * twelve. SIGKILL is no fault of its own, so that it gets 32. They come at once at first and then with longer and longer pauses; who ran
 * for a minute has earned all of them back.
 */
const GUARDIAN = `trap '' HUP
tries=0
while :; do
  began=$(date +%s); "$@"; code=$?
  case $code in 0|75|78) exit $code;; esac
  lived=$(($(date +%s)-began))
  [ -n "$KOJIBOX_TRIAL" ] && [ -e "$KOJIBOX_TRIAL" ] && exit $code
  [ $lived -ge 60 ] && tries=0
  [ $lived -ge 10 ] && { exec 3>&-; unset KOJIBOX_READY_FD; }
  tries=$((tries+1)); limit=12; free=5
  [ $code -eq 137 ] && { free=25; limit=32; }
  [ $code -lt 128 ] && { free=0; limit=6; [ $lived -lt 10 ] && limit=3; }
  [ $tries -ge $limit ] && { echo "kojibox: gave up after $tries starts in a row; the last one ended with code $code"; exit $code; }
  [ $tries -gt $free ] && sleep $((1<<(tries-free-1)))
done`;

/**
 * The daemon is idle most of its life: small heap spaces, one helper thread, and no Maglev, whose code and helpers take 5 MB. Not `--no-opt`
 * as well: with both, one of a hundred processes of Node 24 that ended soon after their start never came to the end of their exit.
 */
const NODE_OPTIONS = [
  '--max-semi-space-size=2',
  '--v8-pool-size=1',
  '--optimize-for-size',
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
