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

/** Where an operation appears on the command line. */
export interface CliPlacement {
  /** Words of the command, e.g. `['runtime', 'install']`. */
  readonly command: readonly string[];
  /** Input fields given by position; all others are flags (`--name value`). */
  readonly positional?: readonly string[];
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
  readonly cli?: CliPlacement;
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
