/** The commands that the contract gives by itself: one per operation with a CLI placement. */
import { operations } from '../../contract/index.ts';
import type { Operation } from '../../contract/define.ts';
import { fieldsOf, parseOperationArguments, type Field } from '../arguments.ts';
import { print, printJson, type Command, type Completes } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { renderValue } from '../render/value.ts';
import type { Change } from '../../contract/changes.ts';

const GROUPS: Readonly<Record<string, Command['group']>> = {
  stack: 'stack',
  services: 'services',
  runtime: 'runtimes',
  config: 'projects',
  projects: 'projects',
  imports: 'projects',
  firstRun: 'stack',
  domains: 'projects',
  proxy: 'projects',
  certs: 'projects',
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
  const completes = ({ name, values }: Field): Completes | null =>
    values.length > 0 ? values : (cli.completes?.[name] ?? null);
  return [
    {
      words: cli.command,
      usage: fields.map((field) => usageOf(field)).join(' '),
      summary: operation.summary,
      group: GROUPS[operation.name.split('.')[0] ?? ''] ?? 'daemon',
      ...(flags.length > 0 ? { options: flags.map((field) => optionOf(field)) } : {}),
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
          let result: unknown = await client.call(operation.name as 'daemon.info', params as Record<string, never>);
          if (operation.returnsChange === true) result = await followChange(client, result as Change, json);
          if (json) printJson(result);
          else print(renderValue(operation.name, result));
          return 0;
        } finally {
          client.close();
        }
      },
    } satisfies Command,
  ];
});

function usageOf(field: Field): string {
  const text = field.positional ? field.name.toUpperCase() : flagOf(field);
  return field.required ? text : `[${text}]`;
}

function flagOf({ flag, kind }: Field): string {
  if (kind === 'boolean') return `--${flag}`;
  return `--${flag} ${kind === 'map' ? 'NAME=VALUE' : 'VALUE'}`;
}

function optionOf(field: Field): readonly [string, string] {
  const repeated = field.kind === 'list' || field.kind === 'map' ? 'may be given several times' : '';
  const meaning = field.values.length > 0 ? `one of ${field.values.join(', ')}` : repeated;
  return [flagOf(field), [field.required ? 'needed' : '', meaning].filter(Boolean).join('; ')];
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
