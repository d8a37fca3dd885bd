/** The program of a project as a service: its own command, on a port of its own; the edge passes requests on to it. */
import { join } from 'node:path';
import type { Account } from '../system/accounts.ts';
import type { ServicePlan } from './recipe.ts';
import { shellArguments } from './shell-line.ts';

export interface ProjectProgramContext {
  readonly id: string;
  /** For people: the project's name. */
  readonly name: string;
  /** Node of the stack: its exact version, e.g. `24.21.0`, and the root of its tree; null for a program that needs none. */
  readonly node: { readonly version: string; readonly tree: string } | null;
  readonly folder: string;
  /** Of the project and of the stack; first on the PATH. */
  readonly programFolders: readonly string[];
  /** Any line of the shell; may use $PORT. */
  readonly command: string;
  readonly port: number;
  /** Host names that the browser uses, the project's own first; development servers refuse names that they do not know. */
  readonly domains: readonly string[];
  readonly tempFolder: string;
  /** Who it runs as. */
  readonly account: Account | null;
  readonly env: Readonly<Record<string, string>>;
}

/** Compilers and installs of a language come before the first answer. */
const START_DEADLINE_MS = { node: 60_000, program: 300_000 } as const;

/** Programs that a user installs without root, by the documentation of each tool; below the home folder. */
const USER_TOOLS = [
  '.local/bin',
  '.cargo/bin',
  'go/bin',
  '.bun/bin',
  '.deno/bin',
  '.dotnet',
  '.rbenv/shims',
  '.pyenv/shims',
  '.asdf/shims',
  '.local/share/mise/shims',
] as const;
const SYSTEM_FOLDERS = ['/usr/local/go/bin', '/usr/local/bin', '/usr/bin', '/bin'] as const;

/** Folders in which a project's program finds others: of the project and the stack, of the user, of the system. */
export function programPath(folders: readonly string[], account: Account | null): string {
  const own = account === null ? [] : USER_TOOLS.map((name) => join(account.home, name));
  return [...folders, ...own, ...SYSTEM_FOLDERS].join(':');
}

/** HOME and the names of the user, so that `~/.npmrc`, `~/.gitconfig` and `~/.aws` are found. */
export const accountVariables = (account: Account | null, tempFolder: string): Record<string, string> =>
  account === null ? { HOME: tempFolder } : { HOME: account.home, USER: account.name, LOGNAME: account.name };

export function planProjectProgram(context: ProjectProgramContext): ServicePlan {
  const { id, name, node, folder, command, port, tempFolder, account } = context;
  // The leading dot means: and all below it. https://vite.dev/config/server-options#server-allowedhosts
  const hosts = context.domains.map((domain) => `.${domain}`).join(',');
  return {
    id,
    name,
    runtime: node === null ? null : 'node',
    version: node?.version ?? null,
    command: '/bin/sh',
    args: shellArguments(command),
    env: {
      PATH: programPath(context.programFolders, account),
      ...accountVariables(account, tempFolder),
      TMPDIR: tempFolder,
      LANG: 'C.UTF-8',
      npm_config_update_notifier: 'false',
      // Python keeps its output back when that is a file.
      PYTHONUNBUFFERED: '1',
      __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: hosts,
      // https://guides.rubyonrails.org/configuring.html#actiondispatch-hostauthorization
      RAILS_DEVELOPMENT_HOSTS: hosts,
      ...context.env,
      HOST: '127.0.0.1',
      PORT: String(port),
    },
    cwd: folder,
    ports: [{ name: 'http', port, protocol: 'tcp' }],
    sockets: [],
    dependsOn: [],
    probe: { type: 'own-port', port },
    restartPolicy: { maxRetries: 5, backoffMs: 500 },
    probeIntervalMs: 10_000,
    startDeadlineMs: node === null ? START_DEADLINE_MS.program : START_DEADLINE_MS.node,
    // A program at a breakpoint does not answer.
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
