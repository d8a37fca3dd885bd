/** A Node program of a project as a service: its own command, on a port of its own; the edge passes requests on to it. */
import { join } from 'node:path';
import type { ServicePlan } from './recipe.ts';

export interface NodeAppContext {
  readonly id: string;
  /** For people: the project's name. */
  readonly name: string;
  /** Exact version of Node, e.g. `24.21.0`. */
  readonly version: string;
  /** Root of the installed Node. */
  readonly tree: string;
  readonly folder: string;
  /** For the shell; may use $PORT. */
  readonly command: string;
  readonly port: number;
  /** Host name that the browser uses; some development servers refuse names they were not told. */
  readonly domain: string;
  readonly tempFolder: string;
  readonly env: Readonly<Record<string, string>>;
}

export function planNodeApp(context: NodeAppContext): ServicePlan {
  const { id, name, version, tree, folder, command, port, tempFolder } = context;
  return {
    id,
    name,
    runtime: 'node',
    version,
    command: '/bin/sh',
    // A shell, because package scripts and their arguments are written for one; exec, so that signals reach the program.
    args: ['-c', `exec ${command}`],
    env: {
      PATH: `${join(tree, 'bin')}:${join(folder, 'node_modules/.bin')}:/usr/local/bin:/usr/bin:/bin`,
      // npm writes its cache and logs there; the home folder of the services' user may not exist.
      HOME: tempFolder,
      TMPDIR: tempFolder,
      LANG: 'C.UTF-8',
      NODE_ENV: 'development',
      npm_config_update_notifier: 'false',
      // Vite refuses host names that it was not told of; https://vite.dev/config/server-options#server-allowedhosts
      __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: context.domain,
      ...context.env,
      HOST: '127.0.0.1',
      PORT: String(port),
    },
    cwd: folder,
    ports: [{ name: 'http', port, protocol: 'tcp' }],
    sockets: [],
    dependsOn: [],
    probe: { type: 'port', address: { host: '127.0.0.1', port } },
    restartPolicy: { maxRetries: 5, backoffMs: 500 },
    probeIntervalMs: 10_000,
    startDeadlineMs: 60_000,
    // A program at a breakpoint answers nobody.
    restartWhenUnhealthy: false,
    stopSignal: 'SIGTERM',
    stopGraceMs: 5000,
    asServiceUser: true,
    folders: [{ path: tempFolder, mode: 0o700 }],
    files: [],
    initialise: null,
    connect: `http://127.0.0.1:${port}`,
  };
}
