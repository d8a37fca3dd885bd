/** A command is a value: what it is called, what it takes, what it does. */
import type { AccessLevel, ValueSource } from '../contract/define.ts';
import { jsonText, writeOut } from './render/terminal-text.ts';

export interface CommandContext {
  /** Arguments after the command's own words, `--json` taken out. */
  readonly argv: readonly string[];
  readonly json: boolean;
}

/** What a value can be: one of these words, or what the source has now. */
export type Completes = readonly string[] | ValueSource;

export interface Command {
  readonly words: readonly string[];
  /** Shown in usage after the words, e.g. `ID [-f] [--tail N]`. */
  readonly usage: string;
  readonly summary: string;
  readonly group: 'stack' | 'services' | 'projects' | 'databases' | 'names' | 'runtimes' | 'programs' | 'daemon';
  readonly options?: readonly (readonly [flag: string, meaning: string])[];
  readonly examples: readonly string[];
  /** For shell completion: values by position, and values of flags by their name without dashes. */
  readonly positional?: readonly (Completes | null)[];
  readonly flagValues?: Readonly<Record<string, Completes>>;
  /** True: for programs; not in help and reference. */
  readonly hidden?: boolean;
  readonly access?: AccessLevel;
  /** True: everything after the words belongs to the command, also `--help` and `--json`. */
  readonly passThrough?: boolean;
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>;
}

/** Prints a value as JSON, two spaces, one trailing newline. */
export function printJson(value: unknown): void {
  writeOut(`${jsonText(value, 2)}\n`);
}

export function print(text: string): void {
  writeOut(`${text}\n`);
}
