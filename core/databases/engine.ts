/** What an engine can be asked, as commands of its own client programs. Data and pure functions: nothing here runs anything. */

import type { DumpContent } from '../../contract/databases.ts';
import type { DumpKind } from './dump-scan.ts';

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

/** A program that reads a dump from its standard input. */
export interface DumpReader extends ClientCommand {
  /** Comes after the last line, and only after a dump that was read to its end. */
  readonly atEnd: string;
  /** What a line becomes for this server; null: it stays. */
  edit(line: string): string | null;
}

export interface DumpOptions {
  /** As `tables` names them; empty: all of the database. */
  readonly tables: readonly string[];
  readonly content: DumpContent;
}

/** How all that a server holds gets into one file while it runs, and back. */
export interface SnapshotRecipe {
  /** Runtime of the server. */
  readonly runtime: string;
  /** Runtime that has the client programs; null: the server's own tree. */
  readonly clients: string | null;
  /** Whether a server takes a dump of an older series. */
  readonly readsOlder: boolean;
  /** Writes everything to its standard output, or to `file` where the server reads a dump by itself. */
  dumpAll(access: EngineAccess, file: string): ClientCommand;
  /** Name of the dump in a data folder, where the server itself reads it at its start; null: `restoreAll` takes it. */
  readonly dataFile: string | null;
  /** Reads a dump of all from its standard input, into a server whose data folder is new. */
  restoreAll(access: EngineAccess): DumpReader | null;
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
  /** Rows of name, name as a dump quotes it, and bytes, separated by tabs. */
  tables(access: EngineAccess, name: string): ClientCommand;
  /** Writes a plain SQL dump to its standard output. */
  dump(access: EngineAccess, name: string, options: DumpOptions): ClientCommand;
  /** Ends with an error at the first statement that fails. `isReplacing`: what is in the database goes first. */
  restore(access: EngineAccess, name: string, isReplacing: boolean): DumpReader;
  /** Writes an archive of its own format as plain SQL to its standard output; null: it has no such format. */
  readonly unpackArchive: ((access: EngineAccess, path: string) => ClientCommand) | null;
  /** What dumps for it are. */
  readonly dumps: DumpKind;
  /** Rows of the roles that there are; null: dumps name none that must be there. */
  readonly roles: {
    list(access: EngineAccess): ClientCommand;
    create(access: EngineAccess, names: readonly string[]): ClientCommand;
  } | null;
  /** Drops all that is in a database; null: `restore` does all or nothing, so that there is never anything to clear away. */
  readonly empty: ((access: EngineAccess, name: string) => ClientCommand) | null;
  url(access: Pick<EngineAccess, 'port' | 'password'>, name: string): string;
}
