/** The commands that the contract gives by itself: one per operation with a CLI placement. */
import { operations } from '../../contract/index.ts';
import type { Operation } from '../../contract/define.ts';
import { fieldsOf, parseOperationArguments } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
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
  return [
    {
      words: cli.command,
      usage: fields.map((field) => usageOf(field)).join(' '),
      summary: operation.summary,
      group: GROUPS[operation.name.split('.')[0] ?? ''] ?? 'daemon',
      examples: cli.examples ?? [cli.command.join(' ')],
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

function usageOf(field: { name: string; flag: string; kind: string; required: boolean; positional: boolean }): string {
  const text = field.positional
    ? field.name.toUpperCase()
    : field.kind === 'boolean'
      ? `--${field.flag}`
      : `--${field.flag} ${field.kind === 'map' ? 'NAME=VALUE' : 'VALUE'}`;
  return field.required ? text : `[${text}]`;
}
