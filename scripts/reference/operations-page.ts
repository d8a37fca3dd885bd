/** docs/reference/operations.md: everything about each operation, from the contract alone. */
import { toolNameOf } from '../../cli/mcp/tools.ts';
import type { Command } from '../../cli/command.ts';
import { COMMON_ERRORS, ERRORS, type ErrorCode } from '../../contract/errors.ts';
import type { Operation } from '../../contract/define.ts';
import { describeData } from './data.ts';
import { describeType, jsonSchema, type JsonSchema } from './json-schema.ts';
import { code, fence, NOTE, table } from './markdown.ts';

/** @param commands the command line, whose usage and examples are shown */
export function operationsPage(operations: readonly Operation[], commands: readonly Command[]): string {
  const results = new Map<string, string>();
  return [
    NOTE,
    '# Operations',
    '',
    'The same operations on every way in; see [schema/contract.json](schema/contract.json) for the JSON Schema of each.',
    '',
    '- HTTP: `POST /rpc` with `{"method": …, "params": {…}}` and the bearer token of `app/daemon.json`; the answer is `{"result": …}` or `{"error": …}`.',
    '- Local socket: the same with an `id`, one JSON object a line; the `id` comes back with the answer.',
    '- Command line: `koji call METHOD JSON`, or the command shown.',
    '- Agents: `koji mcp` (Model Context Protocol); the tools of the access level it was started with.',
    '',
    table(
      ['operation', 'what it does', 'access'],
      operations.map(({ name, summary, access }) => [`[${name}](#${anchor(name)})`, summary, access]),
    ),
    '',
    'Every operation may answer with these errors:',
    '',
    errorTable(COMMON_ERRORS),
    '',
    ...operations.flatMap((operation) => [...section(operation, commands, results), '']),
  ].join('\n');
}

function section(operation: Operation, commands: readonly Command[], results: Map<string, string>): string[] {
  const tool = toolNameOf(operation);
  const command = commandOf(operation, commands);
  const facts = [
    `${operation.kind}, access ${code(operation.access)}`,
    ...(command === undefined
      ? []
      : [`command line ${code(`koji ${[...command.words, command.usage].join(' ').trim()}`)}`]),
    tool === null ? 'never an MCP tool, because it may hold a password' : `MCP tool ${code(tool)}`,
  ];
  return [
    `## ${operation.name}`,
    '',
    operation.summary,
    '',
    ...facts.map((fact) => `- ${fact}`),
    ...(operation.returnsChange === true
      ? [
          '- works in the background: the result is the change as it began, [`change:updated`](events.md) tells of its progress and end',
        ]
      : []),
    '',
    '**Parameters**',
    '',
    parameterTable(jsonSchema(operation.input, 'input')),
    '',
    '**Result**',
    '',
    resultText(operation, results),
    '',
    ...(operation.errors.length > 0 ? ['**Errors**', '', errorTable(operation.errors), ''] : []),
    '**Examples**',
    '',
    fence('sh', examples(operation, command)),
  ];
}

const anchor = (name: string): string => name.replaceAll('.', '').toLowerCase();

/** The command that runs the operation: derived from it, or made by hand. */
function commandOf({ cli, name }: Operation, commands: readonly Command[]): Command | undefined {
  const words = cli?.command.join(' ') ?? HAND_MADE[name];
  return commands.find((command) => command.words.join(' ') === words);
}

const HAND_MADE: Readonly<Record<string, string>> = {
  'stack.up': 'up',
  'stack.down': 'down',
  'stack.status': 'status',
  'services.logs': 'logs',
  'doctor.run': 'doctor',
  'daemon.quit': 'quit',
  'updater.apply': 'update apply',
  'updater.rollback': 'update rollback',
  'updater.status': 'update status',
};

function parameterTable({ properties = {}, required = [] }: JsonSchema): string {
  const rows = Object.entries(properties).map(([name, schema]) => [
    code(name),
    describeType(schema),
    required.includes(name) ? 'yes' : 'no',
    schema.default === undefined ? '' : code(JSON.stringify(schema.default)),
  ]);
  return rows.length === 0 ? 'None.' : table(['name', 'type', 'needed', 'default'], rows);
}

/** Fields of an object or of the objects of a list; the second operation with the same fields points at the first. */
function resultText(operation: Operation, results: Map<string, string>): string {
  const { kind, fields } = describeData(jsonSchema(operation.output, 'output'));
  if (fields === null) return `${kind}.`;
  const first = results.get(fields);
  if (first !== undefined) return `${kind} with the fields of [${first}](#${anchor(first)}).`;
  results.set(fields, operation.name);
  return `${kind}:\n\n${fields}`;
}

const errorTable = (codes: readonly ErrorCode[]): string =>
  table(
    ['code', 'try again', 'what helps'],
    codes.map((one) => [code(one), ERRORS[one].retryable ? 'yes' : 'no', ERRORS[one].remedy]),
  );

function examples({ name, example }: Operation, command: Command | undefined): string[] {
  const params = example === undefined ? '' : ` '${JSON.stringify(example)}'`;
  return [...(command?.examples ?? []).map((line) => `koji ${line}`), `koji call ${name}${params}`];
}
