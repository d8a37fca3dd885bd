/** Probes: asking a service whether it is ready, in its own protocol, inside the daemon. */
export type ProbeSpec =
  | { readonly type: 'pid' }
  /** TCP or unix socket accepts. */
  | { readonly type: 'port'; readonly address: ProbeAddress }
  /** TCP on either loopback address, or on another port that its own processes listen on. */
  | { readonly type: 'own-port'; readonly port: number }
  /** GET with a status below 500. */
  | { readonly type: 'http'; readonly url: string }
  /** GET over a unix socket with status 200. */
  | { readonly type: 'http-socket'; readonly socket: string; readonly path: string }
  /** Startup message; ready when the server asks for authentication. 57P03 means: still starting. */
  | {
      readonly type: 'postgres';
      readonly address: ProbeAddress;
      readonly user: string;
      /** Its postmaster.pid. */
      readonly statusFile: string;
    }
  /** The server's greeting packet. */
  | { readonly type: 'mariadb'; readonly address: ProbeAddress }
  /** AUTH and PING, answered by PONG (or NOAUTH, where the user set another password). */
  | { readonly type: 'redis'; readonly address: ProbeAddress; readonly password: string }
  /** FCGI ping page answered by the pool. */
  | { readonly type: 'fastcgi'; readonly address: ProbeAddress; readonly path: string }
  /** Exit code 0. */
  | { readonly type: 'command'; readonly command: string; readonly args: readonly string[]; readonly cwd: string };

export interface LoopbackAddress {
  readonly host: '127.0.0.1' | '::1';
  readonly port: number;
}

export type ProbeAddress = { readonly host: string; readonly port: number } | { readonly socket: string };

export type ProbeResult =
  /** `text` is evidence for a person: "PostgreSQL asked for a password". `version` where the protocol tells it. */
  | {
      readonly ok: true;
      readonly text: string;
      readonly latencyMs: number;
      readonly version?: string;
      /** Where it was reached, when that is not known beforehand. */ readonly address?: LoopbackAddress;
    }
  | { readonly ok: false; readonly text: string; readonly latencyMs: number };

export interface ProbeRunner {
  /**
   * Never rejects: a failed probe is a value. Gives up after `timeoutMs` with ok = false.
   * @param pid process of the service, where there is one
   */
  probe(spec: ProbeSpec, timeoutMs: number, pid?: number | null): Promise<ProbeResult>;
}
