/**
 * A recipe says how one runtime becomes a service: folders, files, first initialisation, arguments, probe, stop signal.
 * Data and small pure functions; nothing here touches the world, and no one outside asks `if (id === 'postgres')`.
 */
import type { PortDef } from '../../contract/common.ts';
import type { RestartPolicy } from '../../contract/services.ts';
import type { ProbeSpec } from '../services/health.ts';
import type { FileOwner } from '../system/files.ts';

export interface RecipeContext {
  /** Service id: `postgres`, or `postgres-16` for a version that is not the default. */
  readonly id: string;
  /** Exact installed version, e.g. `17.10`, and what the user calls it, e.g. `17`. */
  readonly version: string;
  readonly series: string;
  /** Root of the installed tree. */
  readonly tree: string;
  /** This service's own folders, all absolute. */
  readonly dataFolder: string;
  readonly configFolder: string;
  readonly tempFolder: string;
  /** Short folder for sockets. */
  readonly runFolder: string;
  /** Who may connect to a socket: its user; its user and the edge, which runs as another one. */
  readonly socketMode: 0o600 | 0o660;
  readonly logFile: string;
  /** Assigned ports by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** Password of this service's administrator. */
  readonly password: string;
  /** PEM bundle of public authorities and the local one, for programs that make TLS connections. */
  readonly caBundle: string;
  /** Holds the sessions of the sites, a folder each. */
  readonly sessionFolder: string;
  /** Where mails are handed over as files. */
  readonly mailDrop: string;
  /** Settings of the runtime, where it has any: written before the start, and the same on the command line. */
  readonly runtimeSettings: { readonly path: string; readonly content: string } | null;
  /** What was added to the runtime. */
  readonly extensions: readonly string[];
  /** Load the debugger, where the runtime has one. */
  readonly debug: boolean;
  /** From config.setService. */
  readonly extraArgs: readonly string[];
  readonly extraEnv: Readonly<Record<string, string>>;
}

/** A program run once, before the first start, with its output in the service's log. */
export interface InitialiseStep {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface ServicePlan {
  readonly id: string;
  /** For people: "PostgreSQL". */
  readonly name: string;
  readonly runtime: string | null;
  readonly version: string | null;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly ports: readonly PortDef[];
  /** Unix sockets it will bind; checked against the 107 byte limit before the start. */
  readonly sockets: readonly string[];
  readonly dependsOn: readonly string[];
  readonly probe: ProbeSpec;
  readonly restartPolicy: RestartPolicy;
  /** Between probes once it runs; at least 1000. */
  readonly probeIntervalMs: number;
  /** How long a probe of the running service may take. Default 3000. */
  readonly probeTimeoutMs?: number;
  /** A start that is not ready by then has failed. */
  readonly startDeadlineMs: number;
  /** False where silence is no proof of a defect: all workers of PHP may be held by a debugger. Default true. */
  readonly restartWhenUnhealthy?: boolean;
  readonly stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT';
  readonly stopGraceMs: number;
  /** True: does not run as root when the daemon is root. False: root starts it, and it becomes another user by itself. */
  readonly asServiceUser: boolean;
  /** Who that is; default: the services' user. */
  readonly user?: FileOwner;
  /** Made before the start, owned by the user that runs it. Each lies in a folder of the daemon. */
  readonly folders: readonly { readonly path: string; readonly mode: number }[];
  /**
   * Written before each start, when their content differs. They and their folders belong to the daemon, and who runs the service may read them
   * and not change them.
   */
  readonly files: readonly { readonly path: string; readonly content: string; readonly mode: 0o600 | 0o644 }[];
  /** Null: nothing to initialise. */
  readonly initialise: {
    /** The data folder; made whole or not at all: the steps work on `<folder>.new`, which is renamed at the end. */
    readonly folder: string;
    /** Steps, given the folder to work on. Files written for the steps (e.g. a password file) are removed afterwards. */
    readonly files: (folder: string) => readonly { readonly path: string; readonly content: string }[];
    readonly steps: (folder: string) => readonly InitialiseStep[];
  } | null;
  /** Folder of the time zones that it brings along, where its programs read them from a folder. Where there is none, they read the system's. */
  readonly timeZones?: string;
  /** How to connect, for people; never with a password. */
  readonly connect: string | null;
}

export interface Recipe {
  readonly runtime: string;
  /** Ports it needs, with their fixed defaults. */
  readonly ports: readonly PortDef[];
  plan(context: RecipeContext): ServicePlan;
}
