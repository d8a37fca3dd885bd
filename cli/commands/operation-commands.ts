/** The commands that the contract gives by itself: one per operation with a CLI placement. */
import { operations } from '../../contract/index.ts';
import type { Operation } from '../../contract/define.ts';
import { fieldsOf, parseOperationArguments, type Field } from '../arguments.ts';
import { print, printJson, type Command, type Completes } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { OFFERS } from '../offer-install.ts';
import { renderValue } from '../render/value.ts';
import type { Change } from '../../contract/changes.ts';

const GROUPS: Readonly<Record<string, Command['group']>> = {
  stack: 'stack',
  services: 'services',
  metrics: 'services',
  runtime: 'runtimes',
  php: 'runtimes',
  packs: 'runtimes',
  mirror: 'runtimes',
  installer: 'runtimes',
  config: 'projects',
  projects: 'projects',
  imports: 'projects',
  firstRun: 'stack',
  databases: 'databases',
  serverImport: 'databases',
  mail: 'databases',
  domains: 'names',
  resolver: 'names',
  proxy: 'names',
  certs: 'names',
  secrets: 'services',
  ledger: 'daemon',
  doctor: 'daemon',
  daemon: 'daemon',
  changes: 'daemon',
};

export const operationCommands: readonly Command[] = operations.flatMap((operation: Operation) => {
  const { cli } = operation;
  if (cli === undefined) return [];
  const fields = fieldsOf(operation);
  const flags = fields.filter(({ positional }) => !positional);
  const isPath = ({ name }: Field): boolean => cli.paths?.includes(name) === true;
  const explained = [
    ...fields
      .filter(({ positional, values }) => positional && values.length > 0)
      .map(({ name, values }) => [name.toUpperCase(), `one of ${values.join(', ')}`] as const),
    ...flags.flatMap((field) => optionsOf(field, isPath(field))),
  ];
  const completes = ({ name, values }: Field): Completes | null =>
    values.length > 0 ? values : (cli.completes?.[name] ?? null);
  return [
    {
      words: cli.command,
      usage: [
        ...fields.map((field) => usageOf(field, isPath(field))),
        ...(cli.rest === undefined ? [] : [`[-- ${cli.rest.toUpperCase()}…]`]),
      ].join(' '),
      summary: operation.summary,
      // The settings of the app and of services begin with the same word as those of projects in the contract.
      group: cli.command[0] === 'config' ? 'daemon' : (GROUPS[operation.name.split('.')[0] ?? ''] ?? 'daemon'),
      ...(explained.length > 0 ? { options: explained } : {}),
      examples: cli.examples ?? [exampleOf(operation, fields)],
      positional: fields.filter(({ positional }) => positional).map(completes),
      flagValues: Object.fromEntries(
        flags.flatMap((field) => {
          const values = completes(field);
          return values === null ? [] : [[field.flag, values]];
        }),
      ),
      access: operation.access,
      async run({ argv, json }) {
        const params = parseOperationArguments(operation, argv);
        const client = await ensureDaemon();
        try {
          const work = async (): Promise<unknown> => {
            const result: unknown = await client.call(operation.name as 'daemon.info', params as Record<string, never>);
            return operation.returnsChange === true ? followChange(client, result as Change, json) : result;
          };
          const offer = OFFERS[operation.name];
          const result =
            offer === undefined ? await work() : await offer(client, params as Record<string, unknown>, work, json);
          if (json) printJson(result);
          else if (result !== null) print(renderValue(operation.name, result));
          return 0;
        } finally {
          client.close();
        }
      },
    } satisfies Command,
  ];
});

function usageOf(field: Field, isPath: boolean): string {
  const text = field.positional ? field.name.toUpperCase() : flagOf(field, isPath);
  return field.required ? text : `[${text}]`;
}

function flagOf({ flag, kind, negatable }: Field, isPath: boolean): string {
  if (kind === 'boolean') return negatable ? `--${flag} | --no-${flag}` : `--${flag}`;
  return `--${flag} ${kind === 'map' ? 'NAME=VALUE' : isPath ? 'PATH' : kind === 'number' ? 'NUMBER' : 'VALUE'}`;
}

function optionsOf(field: Field, isPath: boolean): (readonly [string, string])[] {
  if (field.negatable)
    return [
      [`--${field.flag}`, ''],
      [`--no-${field.flag}`, ''],
    ];
  const repeated = field.kind === 'list' || field.kind === 'map' ? 'may be given several times' : '';
  const meaning = field.values.length > 0 ? `one of ${field.values.join(', ')}` : repeated;
  return [[flagOf(field, isPath), [field.required ? 'needed' : '', meaning].filter(Boolean).join('; ')]];
}

/** The operation's example as one would type it. */
function exampleOf({ cli, example }: Operation, fields: readonly Field[]): string {
  const params = (example ?? {}) as Readonly<Record<string, unknown>>;
  const given = fields.filter(({ name }) => params[name] !== undefined);
  return [
    ...(cli?.command ?? []),
    ...given.map(({ name, flag, positional }) => (positional ? '' : `--${flag} `) + String(params[name])),
  ].join(' ');
}
