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
