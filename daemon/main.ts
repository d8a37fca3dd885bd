/** The daemon's program. */
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KojiboxError } from '../contract/errors.ts';
import { startDaemon } from './start-daemon.ts';

/** Replaced by the build. */
declare const __KOJIBOX_VERSION__: string;
const VERSION = typeof __KOJIBOX_VERSION__ === 'string' ? __KOJIBOX_VERSION__ : '0.0.0-source';
/** Exit codes that the guardian takes for final; see sysexits(3). */
const EXIT = { alreadyRunning: 75, cannotRun: 78 } as const;

// For an update, which asks before it switches whether this program starts on this machine at all.
if (process.argv.includes('--version')) {
  process.stdout.write(`${VERSION}\n`);
  process.exit(0);
}
const homeFacts = {
  environment: process.env,
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  userHome: homedir(),
};
startDaemon({ homeFacts, dist: dirname(dirname(fileURLToPath(import.meta.url))), version: VERSION }).catch(
  (error: unknown) => {
    // The last line is for the program that started us, which shows it in its own words.
    if (error instanceof KojiboxError)
      process.stderr.write(
        `${error.message}: ${error.detail}\n${JSON.stringify({ error: error.toBody(new Date().toISOString()) })}\n`,
      );
    else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(
      error instanceof KojiboxError && error.code === 'DAEMON_RUNNING' ? EXIT.alreadyRunning : EXIT.cannotRun,
    );
  },
);
