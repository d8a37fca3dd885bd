/** The edge: edge/main.mjs [OPTION…] CONFIG-FILE. A process of its own, so that sites are served while the daemon is not there. */
import { setDefaultHighWaterMark } from 'node:stream';
import { bindPorts } from './bound-ports.ts';
import { surviveUnexpectedErrors } from './boundary.ts';
import { loadConfig } from './config.ts';
import { listenForControl } from './control.ts';
import { giveUpRoot, wouldStayRoot } from './give-up-root.ts';
import { log } from './log.ts';
import { closeProjectLogs } from './project-log.ts';
import { createEdge } from './server.ts';
import { readStartOptions, USAGE } from './start-options.ts';

// Of each stream at most so much waits for its reader. Files and services are read in larger pieces.
setDefaultHighWaterMark(false, 16 * 1024);

const options = readStartOptions(process.argv.slice(2));
if (options === null) {
  process.stderr.write(USAGE);
  process.exit(64);
}
if (wouldStayRoot(options)) {
  process.stderr.write(`edge: does not stay root: give it a user to become\n${USAGE}`);
  process.exit(64);
}

try {
  const bind = await bindPorts(options.ports);
  giveUpRoot(options);
  const config = loadConfig(options.configFile);
  const edge = createEdge(config, bind);
  await edge.listen();
  const control = await listenForControl(edge, config.controlSocket, options.configFile);
  log(
    'info',
    `ready on port ${config.httpsPort} with ${config.sites.length === 1 ? '1 site' : `${config.sites.length} sites`}`,
  );

  const stop = (): void => {
    control.close();
    void edge
      .close()
      .then(closeProjectLogs)
      .then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.on('SIGHUP', () => undefined); // The terminal that began it all may close.
  surviveUnexpectedErrors();
} catch (error) {
  log('error', `cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
