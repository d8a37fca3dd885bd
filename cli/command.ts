/** A command is a value: what it is called, what it takes, what it does. */
import type { AccessLevel } from '../contract/define.ts';

export interface CommandContext {
  /** Arguments after the command's own words, `--json` taken out. */
  readonly argv: readonly string[];
  readonly json: boolean;
}

export interface Command {
  readonly words: readonly string[];
  /** Shown in usage after the words, e.g. `ID [-f] [--tail N]`. */
  readonly usage: string;
  readonly summary: string;
  readonly group: 'stack' | 'services' | 'runtimes' | 'projects' | 'programs' | 'daemon';
  readonly options?: readonly (readonly [flag: string, meaning: string])[];
  readonly examples: readonly string[];
  readonly access?: AccessLevel;
  /** True: everything after the words belongs to the command, also `--help` and `--json`. */
  readonly passThrough?: boolean;
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>;
}

/** Prints a value as JSON, two spaces, one trailing newline. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
