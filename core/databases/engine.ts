/** What an engine can be asked, as commands of its own client programs. Data and pure functions: nothing here runs anything. */

import type { DumpContent } from '../../contract/databases.ts';
import type { DumpKind } from './dump-scan.ts';

/** A command line with its environment; the password is only ever in the environment. */
export interface ClientCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Text for its standard input; left out: it gets none. */
  readonly input?: string;
  /** Runs as the daemon itself, also where that is root; left out: as the user of the services. */
  readonly asDaemon?: true;
}

export interface EngineAccess {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Root of the tree with the client programs. */
  readonly tree: string;
  /** Series of that tree. */
  readonly series: string;
  /** Of the server, as `17.10`. */
  readonly serverVersion: string;
}

/**
 * An account that reads dumps of others. It logs in by itself and has rights in one database only: no statement of a dump runs a program, reads or
 * writes a file of the server, or reaches another database.
 */
export interface LoaderAccess extends EngineAccess {
  /** Role that owns the database and gets what is made; empty where the engine has none. */
  readonly owner: string;
  /** Roles that the dump names and that this account may not act as. */
  readonly withheld: readonly string[];
}

export interface LoaderLogin {
  readonly user: string;
  readonly password: string;
}

/** How such an account comes and goes; its commands log in with the server's own. */
export interface LoaderRecipe {
  /** @param chance hexadecimal digits that were never used before */
  userFor(database: string, chance: string): string;
  /** Its output: the owner, then each role that is withheld, one a line. */
  open(
    access: EngineAccess,
    database: string,
    login: LoaderLogin,
    roles: readonly string[],
    chance: string,
  ): ClientCommand;
  /** @param alive accounts of imports that are under way */
  close(access: EngineAccess, database: string, login: LoaderLogin, alive: readonly string[]): ClientCommand;
}

/** How text of a database sorts: tables of different collations cannot be joined by their texts. */
export interface CollationRecipe {
  /** One row: that of new tables, and the one that most tables have, empty where there is none; separated by a tab. */
  look(access: EngineAccess, database: string): ClientCommand;
  /** Changes that of new tables, where the server knows it. */
  set(access: EngineAccess, database: string, collation: string): ClientCommand;
  /** The nearest that this kind of server has. */
  nearest(collation: string): string;
}

/** A program that reads a dump from its standard input. */
export interface DumpReader extends ClientCommand {
  /** Comes after the last line, and only after a dump that was read to its end. */
  readonly atEnd: string;
  /** What a line becomes for this server; null: it stays. `skip` is called with what was left out, where people should know of it. */
  edit(line: string, skip: (statement: string) => void): string | null;
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
  readonly loader: LoaderRecipe;
  /** The order of text that new tables of a database get; null: it is the server's. */
  readonly collation: CollationRecipe | null;
  /** Ends with an error at the first statement that fails. `isReplacing`: what is in the database goes first. */
  restore(access: LoaderAccess, name: string, isReplacing: boolean): DumpReader;
  /** Writes an archive of its own format, its standard input, as plain SQL to its standard output; null: it has no such format. */
  readonly unpackArchive: ((access: EngineAccess) => ClientCommand) | null;
  /** What dumps for it are. */
  readonly dumps: DumpKind;
  /** Rows of the roles that there are; null: dumps name none that must be there. */
  readonly roles: {
    list(access: EngineAccess): ClientCommand;
    create(access: EngineAccess, names: readonly string[]): ClientCommand;
  } | null;
  /** Drops all that is in a database; null: `restore` does all or nothing, so that there is never anything to clear away. */
  readonly empty: ((access: EngineAccess, name: string) => ClientCommand) | null;
  url(access: Pick<EngineAccess, 'port' | 'user' | 'password'>, name: string): string;
}
