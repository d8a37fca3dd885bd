/**
 * The three shapes of which the whole contract is made: an operation, an event, an error code.
 *
 * An operation is one value. From it come the types, the validation of input and output on every transport,
 * the CLI command with its flags and help, the reference pages and the tests: nothing is written per operation.
 */
import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';

/** What a caller needs to be allowed to do. Each level includes the ones before it. */
export type AccessLevel = 'read' | 'operate' | 'admin';

/** All levels, least first. */
export const ACCESS_LEVELS = ['read', 'operate', 'admin'] as const satisfies readonly AccessLevel[];

/** @returns whether a caller with `granted` may do what asks for `needed` */
export function isAllowed(needed: AccessLevel, granted: AccessLevel): boolean {
  return ACCESS_LEVELS.indexOf(needed) <= ACCESS_LEVELS.indexOf(granted);
}

/**
 * What an operation can cause outside of Kojibox's own folders, by a parameter of the caller: `files` are read, written or served,
 * `programs` run, `network`: connections to an address of the caller's choice, `values`: settings that may hold passwords are shown.
 */
export type Reach = 'files' | 'programs' | 'network' | 'values';

/** What a parameter names: ids of this kind that exist now, or a folder. Used by shell completion. */
export type ValueSource =
  | 'services'
  /** Services and projects. */
  | 'logs'
  | 'projects'
  | 'runtimes'
  | 'runtime-versions'
  | 'domains'
  | 'changes'
  | 'system-changes'
  | 'snapshots'
  | 'folders';

/** Where an operation appears on the command line. */
export interface CliPlacement {
  /** Words of the command, e.g. `['runtime', 'install']`. */
  readonly command: readonly string[];
  /** Input fields given by position; all others are flags (`--name value`). */
  readonly positional?: readonly string[];
  /** List that takes all further words, e.g. what follows `--`. */
  readonly rest?: string;
  /** What the values of a field name, by field; enumerations complete themselves. */
  readonly completes?: Readonly<Record<string, ValueSource>>;
  /** Fields that are paths: relative ones are taken from where the caller stands. */
  readonly paths?: readonly string[];
  /** Example command lines shown by `--help`, without the leading `koji`. */
  readonly examples?: readonly string[];
}

export interface Operation<
  Name extends string = string,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  readonly name: Name;
  /** One sentence in the imperative, shown in help and in the reference. */
  readonly summary: string;
  readonly kind: 'query' | 'command';
  readonly access: AccessLevel;
  readonly input: Input;
  readonly output: Output;
  /** Codes this operation may answer with, besides the ones every operation may (see `COMMON_ERRORS`). */
  readonly errors: readonly ErrorCode[];
  /** True when the result is a Change whose progress arrives as `change:updated` events. */
  readonly returnsChange?: boolean;
  /** True when it removes or replaces what somebody set up; `admin` commands count as such without it. */
  readonly destructive?: boolean;
  /**
   * What it reaches by its parameters; that needs `admin`. With `when`, only such parameters need it, and all others `access`.
   * The dispatcher holds it, and so for every transport (see `accessFor`).
   */
  readonly reaches?: { readonly what: readonly Reach[]; when?(input: z.output<Input>): boolean };
  /** True when a parameter or the result may be a password: never offered to agents. */
  readonly holdsSecret?: boolean;
  /** Parameters as one would send them, for the reference. Every operation that requires any has it. */
  readonly example?: z.input<Input>;
  readonly cli?: CliPlacement;
}

/** @param input as its schema gives it. @returns whether the operation reaches beyond Kojibox's own folders with these parameters */
export function isReaching(operation: Operation, input: unknown): boolean {
  return operation.reaches !== undefined && (operation.reaches.when?.(input) ?? true);
}

/** @param input as its schema gives it. @returns the level that a caller needs for the operation with these parameters */
export function accessFor(operation: Operation, input: unknown): AccessLevel {
  return isReaching(operation, input) ? 'admin' : operation.access;
}

export interface EventDefinition<Name extends string = string, Data extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly summary: string;
  readonly data: Data;
}

/** Declares an operation; exists so that literal types are kept. */
export function defineOperation<const Name extends string, Input extends z.ZodType, Output extends z.ZodType>(
  operation: Operation<Name, Input, Output>,
): Operation<Name, Input, Output> {
  return operation;
}

/** Declares an event; exists so that literal types are kept. */
export function defineEvent<const Name extends string, Data extends z.ZodType>(
  event: EventDefinition<Name, Data>,
): EventDefinition<Name, Data> {
  return event;
}
