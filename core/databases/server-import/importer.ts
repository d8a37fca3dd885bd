/** What both engines do for an import, each in its own way. Sessions are closed by who opened them. */
import type { System } from '../../system/system.ts';
import type { TaskReporter } from '../../changes/changes.ts';
import { KojiboxError } from '../../../contract/errors.ts';
import type { EngineAccess, LoaderAccess } from '../engine.ts';
import type { ForeignServers, PipeFailure, Row, ServerAddress, ServerSession } from './foreign-server.ts';
import { listOf, type Sentence } from '../../../contract/sentences/sentence.ts';
import { sayServerImport } from '../../../contract/sentences/server-import.ts';
import { reasonIn } from '../reason-in.ts';

export interface FoundDatabase {
  readonly name: string;
  readonly sizeBytes: number;
  readonly tables: number;
  readonly collation: string;
  readonly problems: readonly Sentence[];
  readonly remarks: readonly Sentence[];
  /** What the engine said of it; for its creation here. */
  readonly facts: Row;
}

export interface FoundServer {
  readonly product: string;
  readonly version: string;
  readonly problems: readonly Sentence[];
  readonly databases: readonly FoundDatabase[];
}

/** Kojibox's own server. */
export interface TargetServer {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly address: ServerAddress;
}

export interface LookWork {
  readonly foreign: ForeignServers;
  readonly source: ServerAddress;
  /** Null: it does not run, and what depends on it is not judged. */
  readonly target: TargetServer | null;
  /** Series of the client programs that can be had, oldest first; empty where they come with the server. */
  readonly clientSeries: readonly string[];
  readonly signal: AbortSignal;
}

export interface CopyWork {
  readonly system: System;
  readonly foreign: ForeignServers;
  readonly source: ServerAddress;
  readonly target: TargetServer;
  /** Client programs; they log in to the target. */
  readonly access: EngineAccess;
  /** The same for what comes from the source: with rights in the database that it goes into. */
  readonly loader: LoaderAccess;
  readonly signal: AbortSignal;
}

/** One database on its way. */
export interface Passage {
  readonly database: FoundDatabase;
  /** Of the whole import; part of the mark by which a half-made database is known. */
  readonly importId: string;
  readonly index: number;
  /** The name it has in the end. */
  readonly final: string;
  /** The name it has until then. */
  readonly working: string;
}

export interface Copied {
  readonly tables: number;
  readonly rows: number;
  readonly remarks: readonly Sentence[];
}

export interface ServerImporter {
  /** Runtime of the server that takes it. */
  readonly runtime: string;
  look(work: LookWork): Promise<FoundServer>;
  /** All names that are taken in the target, hidden ones too. */
  takenNames(target: ServerSession): Promise<Set<string>>;
  workingName(passage: Pick<Passage, 'importId' | 'index' | 'final'>): string;
  /** Creates it with its mark. @returns what is different here */
  create(target: ServerSession, passage: Passage): Promise<Sentence[]>;
  /** Copies it, then compares both sides. Rejects with DATABASE_FAILED for a difference. */
  transfer(work: CopyWork, passage: Passage, task: TaskReporter): Promise<Copied>;
  /** Takes the mark off; from here on it is the user's. */
  publish(target: ServerSession, passage: Pick<Passage, 'working' | 'final'>): Promise<void>;
  drop(target: ServerSession, name: string): Promise<void>;
  /** Databases with a mark: half-made ones of any import. */
  marked(target: ServerSession): Promise<{ name: string; importId: string }[]>;
}

/** Runs `work` with a session, and closes it whatever comes. */
export async function withSession<T>(
  foreign: Pick<ForeignServers, 'connect'>,
  address: ServerAddress,
  database: string,
  signal: AbortSignal,
  work: (session: ServerSession) => Promise<T>,
): Promise<T> {
  const session = await foreign.connect(address, database, signal);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export const copyFailed = (name: string, detail: Sentence, cure: Sentence): KojiboxError =>
  new KojiboxError('DATABASE_FAILED', sayServerImport('cannotTakeOne', { name }), {
    detail: detail.slice(0, 900),
    source: 'databases',
    remedy: sayServerImport('nothingLeft', { cure }),
  });

/** @param password taken out of what the programs said, should they ever say it */
export function pipeFailed(name: string, failure: PipeFailure, password: string): KojiboxError {
  const said = reasonIn(failure.output) || sayServerImport('endedEarly');
  const output = password === '' ? said : said.replaceAll(password, '••••••');
  return failure.side === 'from'
    ? copyFailed(name, sayServerImport('readingFailed', { output }), sayServerImport('seeServer'))
    : copyFailed(name, sayServerImport('writingFailed', { output }), sayServerImport('changeThere'));
}

export type Counts = ReadonlyMap<string, number>;

/** Rejects with DATABASE_FAILED and every difference between both sides. */
export function assertSame(name: string, there: Counts, here: Counts, cure: Sentence): void {
  const differences = [...new Set([...there.keys(), ...here.keys()])]
    .filter((key) => there.get(key) !== here.get(key))
    .map((key) =>
      sayServerImport('difference', {
        what: key,
        there: there.get(key) ?? sayServerImport('none'),
        here: here.get(key) ?? sayServerImport('none'),
      }),
    );
  if (differences.length === 0) return;
  const more = differences.length > 8 ? [sayServerImport('andMore', { count: differences.length - 8 })] : [];
  const shown = listOf([...differences.slice(0, 8), ...more]);
  throw copyFailed(name, sayServerImport('differ', { differences: shown }), cure);
}

export const rowsOf = (counts: Counts): number => [...counts.values()].reduce((sum, count) => sum + count, 0);

export function* batches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
