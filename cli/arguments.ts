/** From an operation's input schema to command-line flags, and from argv back to parameters. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { KojiboxError } from '../contract/errors.ts';
import type { Operation } from '../contract/define.ts';
import { closest } from './closest.ts';

type FieldKind = 'string' | 'number' | 'boolean' | 'list' | 'map' | 'json';

export interface Field {
  readonly name: string;
  /** `--target-port` for `targetPort`. */
  readonly flag: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly positional: boolean;
  /** A switch that can be left as it is, so that off has to be said: `--no-autostart`. */
  readonly negatable: boolean;
  /** The words it may be; empty where it is no enumeration. */
  readonly values: readonly string[];
}

interface SchemaLike {
  readonly def: {
    readonly type: string;
    readonly innerType?: SchemaLike;
    readonly element?: SchemaLike;
    readonly entries?: Readonly<Record<string, string>>;
  };
  readonly shape?: Readonly<Record<string, SchemaLike>>;
}

/** The fields of an operation, positional ones first and in their order. */
export function fieldsOf(operation: Operation): Field[] {
  const shape = (operation.input as unknown as SchemaLike).shape ?? {};
  const positional = operation.cli?.positional ?? [];
  const names = [...positional, ...Object.keys(shape).filter((name) => !positional.includes(name))];
  return names.map((name) => {
    const { kind, required, negatable, values } = describe(shape[name]);
    return {
      name,
      flag: name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      kind,
      required,
      positional: positional.includes(name),
      negatable,
      values,
    };
  });
}

function describe(schema: SchemaLike | undefined): Pick<Field, 'kind' | 'required' | 'negatable' | 'values'> {
  let inner = schema;
  let required = true;
  let hasDefault = false;
  while (inner !== undefined && (inner.def.type === 'optional' || inner.def.type === 'default')) {
    required = false;
    hasDefault ||= inner.def.type === 'default';
    inner = inner.def.innerType;
  }
  const kinds: Record<string, FieldKind> = {
    string: 'string',
    enum: 'string',
    number: 'number',
    int: 'number',
    boolean: 'boolean',
    array: 'list',
    record: 'map',
  };
  return {
    // Things with fields of their own have no shorter form than JSON.
    kind: inner?.def.element?.def.type === 'object' ? 'json' : (kinds[inner?.def.type ?? ''] ?? 'json'),
    required,
    negatable: inner?.def.type === 'boolean' && !hasDefault,
    values: Object.values(inner?.def.entries ?? {}),
  };
}

/** @returns parameters for the operation; values are checked by the daemon against the contract. Throws VALIDATION_FAILED on unknown flags. */
export function parseOperationArguments(operation: Operation, argv: readonly string[]): z.input<z.ZodType> {
  const fields = fieldsOf(operation);
  const flags = Object.fromEntries(
    fields.map(
      (field) =>
        [
          field.flag,
          {
            type: field.kind === 'boolean' ? 'boolean' : 'string',
            multiple: field.kind === 'list' || field.kind === 'map',
          },
        ] as const,
    ),
  );
  const { values, positionals: given } = parseFlags(argv, flags);
  const positionals = splitVersions(operation, fields, given);
  const params: Record<string, unknown> = {};
  const places = fields.filter((field) => field.positional);
  const rest = positionals.slice(places.length);
  const takesRest = operation.cli?.rest;
  if (rest.length > 0 && takesRest === undefined) throw usage(`too many values: ${rest.join(' ')}`);
  places.forEach((field, index) => {
    const value = positionals[index];
    if (value !== undefined) params[field.name] = convert(field, value);
    else if (field.required && values[field.flag] === undefined) throw usage(`${field.name.toUpperCase()} is missing`);
  });
  for (const field of fields) {
    const value = values[field.flag];
    if (value !== undefined) params[field.name] = convert(field, value);
  }
  if (takesRest !== undefined && rest.length > 0)
    params[takesRest] = [...((params[takesRest] as string[] | undefined) ?? []), ...rest];
  for (const name of operation.cli?.paths ?? []) {
    const path = params[name];
    if (typeof path === 'string') params[name] = resolve(path);
  }
  return params;
}

/** `php@8.4` in place of `php 8.4`, as in `pack create`: wherever a runtime is followed by its version. */
function splitVersions(operation: Operation, fields: readonly Field[], given: readonly string[]): string[] {
  const sourceAt = (index: number): string | undefined => operation.cli?.completes?.[fields[index]?.name ?? ''];
  return given.flatMap((text, index) => {
    if (sourceAt(index) !== 'runtimes' || sourceAt(index + 1) !== 'runtime-versions') return [text];
    const [, name, version] = /^([^@]*)@(.*)$/.exec(text) ?? [];
    if (name === undefined || version === undefined) return [text];
    if (name === '' || version === '') throw usage(`"${text}" is not NAME@VERSION, such as php@8.4`);
    return [name, version];
  });
}

export type FlagTypes = Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }>;
export type FlagValues = Record<string, string | boolean | (string | boolean)[] | undefined>;

/** parseArgs of Node with errors in our own form. */
export function parseFlags(argv: readonly string[], options: FlagTypes): { values: FlagValues; positionals: string[] } {
  try {
    return parseArgs({
      args: withJoinedValues(argv, options),
      options,
      allowPositionals: true,
      allowNegative: true,
      strict: true,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, flag] = /^Unknown option '(--?[^']*)'/.exec(message) ?? [];
    if (flag === undefined) throw usage(message);
    const near = closest(
      flag,
      Object.keys(options).map((name) => `--${name}`),
      1,
    );
    throw usage(`there is no flag "${flag}" here${near.length > 0 ? `; did you mean ${near[0]}?` : ''}`);
  }
}

/** `--args --tries=1` as `--args=--tries=1`: a value may look like a flag, unless it is a flag of this very command. */
function withJoinedValues(argv: readonly string[], options: FlagTypes): string[] {
  const nameOf = (word: string): string => word.replace(/^--/, '').split('=')[0] ?? '';
  const isFlag = (word: string): boolean => /^--?$/.test(word) || (word.startsWith('--') && nameOf(word) in options);
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const joined: string[] = [];
  for (let index = 0; index < end; index += 1) {
    const word = argv[index] ?? '';
    const next = index + 1 < end ? argv[index + 1] : undefined;
    const takesValue = word.startsWith('--') && !word.includes('=') && options[nameOf(word)]?.type === 'string';
    if (takesValue && next?.startsWith('-') === true && !isFlag(next)) {
      joined.push(`${word}=${next}`);
      index += 1;
    } else joined.push(word);
  }
  return [...joined, ...argv.slice(end)];
}

/** For commands that take nothing. Throws VALIDATION_FAILED. */
export function noArguments(argv: readonly string[]): void {
  if (argv.length === 0) return;
  const flag = argv.find((word) => word.startsWith('-'));
  if (flag === undefined) throw usage(`it takes no arguments: ${argv.join(' ')}`);
  const near = closest(flag, ['--json', '--help'], 1);
  throw usage(`there is no flag "${flag}" here${near.length > 0 ? `; did you mean ${near[0]}?` : ''}`);
}

/** Where nothing better is known; the command's own usage takes its place. */
export const SEE_HELP = 'Run the same command with --help to see how it is used.';

/** @param remedy how to go on, instead of the command's own usage */
export function usage(detail: string, remedy = SEE_HELP): KojiboxError {
  return new KojiboxError('VALIDATION_FAILED', 'cannot understand the command', { detail, source: 'cli', remedy });
}

function convert(field: Field, value: string | boolean | (string | boolean)[]): unknown {
  if (field.kind === 'list') return Array.isArray(value) ? value : [value];
  if (field.kind === 'map') {
    const pairs = (Array.isArray(value) ? value : [value]).map((pair) => {
      const [key, ...rest] = String(pair).split('=');
      if (key === undefined || rest.length === 0) throw usage(`--${field.flag} takes NAME=VALUE`);
      return [key, rest.join('=')] as const;
    });
    return Object.fromEntries(pairs);
  }
  const text = String(value);
  if (field.kind === 'number') {
    const number = Number(text);
    if (text.trim() === '' || Number.isNaN(number)) throw usage(`${field.name} must be a number, not "${text}"`);
    return number;
  }
  if (field.kind === 'boolean') return value === true || text === 'true';
  if (field.kind === 'json') {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw usage(`${field.name} must be JSON: ${error instanceof Error ? error.message : ''}`);
    }
  }
  return text;
}
