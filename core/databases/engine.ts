/** What an engine can be asked, as commands of its own client programs. Data and pure functions: nothing here runs anything. */

/** A command line with its environment; the password is only ever in the environment. */
export interface ClientCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface EngineAccess {
  readonly port: number;
  readonly password: string;
  /** Root of the tree with the client programs. */
  readonly tree: string;
  /** Series of that tree. */
  readonly series: string;
  /** Of the server, as `17.10`. */
  readonly serverVersion: string;
}

/** How all that a server holds gets into one file while it runs, and back. */
export interface SnapshotRecipe {
  /** Runtime of the server. */
  readonly runtime: string;
  /** Runtime that has the client programs; null: the server's own tree. */
  readonly clients: string | null;
  /** Writes everything to `file`. */
  dumpAll(access: EngineAccess, file: string): ClientCommand;
  /** Name of the dump in a data folder, where the server itself reads it at its start; null: `restoreAll` takes it. */
  readonly dataFile: string | null;
  /** Reads a dump of all from its standard input, into a server whose data folder is new. */
  restoreAll(access: EngineAccess): ClientCommand | null;
  /** A question that only works when the server can be used with the password that Kojibox has. */
  check(access: EngineAccess): ClientCommand;
}

export interface DatabaseEngine {
  /** Runtime of the server. */
  readonly runtime: string;
  /** Runtime that has the client programs; null: the server's own tree. */
  readonly clients: string | null;
  readonly user: string;
  /** Rows of name, bytes and tables, separated by tabs. */
  list(access: EngineAccess): ClientCommand;
  /** One statement. Names were checked by the contract and need no quoting beyond the engine's own. */
  execute(access: EngineAccess, statement: 'create' | 'drop', name: string): ClientCommand;
  /** Writes a plain SQL dump to `file`. */
  dump(access: EngineAccess, name: string, file: string): ClientCommand;
  /** Reads SQL from its standard input; ends with an error at the first statement that fails. */
  restore(access: EngineAccess, name: string): ClientCommand;
  url(access: Pick<EngineAccess, 'port' | 'password'>, name: string): string;
}
