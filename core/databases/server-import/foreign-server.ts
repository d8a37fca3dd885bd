/** What an import needs of the world: a session with a server, and two programs joined by a pipe. The daemon has the real ones. */
import type { ServerKind } from '../../../contract/server-import.ts';
import type { FileOwner } from '../../system/files.ts';
import type { ClientCommand } from '../engine.ts';

/** A way in that is known in every part. */
export interface ServerAddress {
  readonly kind: ServerKind;
  readonly host: string;
  readonly port: number;
  /** Unix socket instead of host and port. */
  readonly socket: string | null;
  readonly user: string;
  readonly password: string;
}

/** Every value as the server prints it. */
export type Row = Readonly<Record<string, string | null>>;

export interface ServerSession {
  /** True: TLS; the client programs are told to use it too. */
  readonly encrypted: boolean;
  /** One statement. Rejects with DATABASE_FAILED and what the server said; with the reason of the signal when it was aborted. */
  query(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

export interface PipeFailure {
  /** Which program ended badly first. */
  readonly side: 'from' | 'to';
  /** The end of what it said. */
  readonly output: string;
}

export interface ForeignServers {
  /**
   * @param database empty: none in particular
   * Rejects with LOGIN_REFUSED or SERVER_UNREACHABLE.
   */
  connect(address: ServerAddress, database: string, signal: AbortSignal): Promise<ServerSession>;
  /** The output of one program as the input of the other. Null when both ended well; rejects when aborted, with both gone. */
  pipe(
    from: ClientCommand,
    to: ClientCommand,
    options: {
      readonly signal: AbortSignal;
      /** Sees each piece before it continues, and gives what is passed on instead. */
      readonly through: (piece: Uint8Array) => Uint8Array;
      /** Users of the two programs; left out: that of the daemon. */
      readonly fromUser?: FileOwner | undefined;
      readonly toUser?: FileOwner | undefined;
    },
  ): Promise<PipeFailure | null>;
  /** Unix sockets that such a server listens on, of those that are usual for this port. */
  findSockets(kind: ServerKind, port: number): string[];
  /** Who runs the daemon. */
  readonly userName: string;
}

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);
