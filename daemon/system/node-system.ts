/** The real System: this machine. */
import { layoutOf } from '../../core/layout.ts';
import type { System } from '../../core/system/system.ts';
import { systemClock } from './clock.ts';
import { systemFiles } from './files.ts';
import { readHostFacts } from './host.ts';
import { createLogger } from './logger.ts';
import { systemNetwork } from './network.ts';
import { systemPackedFiles } from './packed-files.ts';
import { systemProcesses } from './processes.ts';

/** @param options.home absolute KOJIBOX_HOME */
export function createNodeSystem(options: {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): System {
  return {
    clock: systemClock,
    files: systemFiles,
    packed: systemPackedFiles,
    processes: systemProcesses,
    network: systemNetwork,
    host: readHostFacts(options.home, options.environment),
    log: createLogger(layoutOf(options.home).daemonLog, options.environment['KOJIBOX_DEBUG'] ? 'debug' : 'info'),
  };
}
