/** The edge: edge/main.mjs CONFIG-FILE. A process of its own, so that sites are served while the daemon is not there. */
import { surviveUnexpectedErrors } from './boundary.ts';
import { loadConfig } from './config.ts';
import { listenForControl } from './control.ts';
import { log } from './log.ts';
import { closeProjectLogs } from './project-log.ts';
import { createEdge } from './server.ts';

const file = process.argv[2];
if (file === undefined) {
  process.stderr.write('usage: edge CONFIG-FILE\n');
  process.exit(64);
}

try {
  const config = loadConfig(file);
  const edge = createEdge(config);
  await edge.listen();
  // Low ports are bound: from here on nothing needs root.
  if (config.runAs !== null) {
    process.setgroups?.([config.runAs.gid]);
    process.setgid?.(config.runAs.gid);
    process.setuid?.(config.runAs.uid);
  }
  const control = await listenForControl(edge, config.controlSocket, file);
  log('info', `ready on port ${config.httpsPort} with ${config.sites.length} sites`);

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
