/** npm run generate: writes docs/reference from the contract. `--check` only says whether it is up to date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { commands } from '../cli/commands/index.ts';
import { ERRORS } from '../contract/errors.ts';
import { SubscriptionSchema } from '../contract/daemon.ts';
import { events, operations } from '../contract/index.ts';
import { machineDiagram } from '../core/services/machine.ts';
import { describeData } from './reference/data.ts';
import { jsonSchema } from './reference/json-schema.ts';
import { NOTE, table } from './reference/markdown.ts';
import { operationsPage } from './reference/operations-page.ts';

const shown = commands.filter(({ hidden }) => hidden !== true);
const json = (entries: readonly (readonly [string, unknown])[]): string =>
  `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`;

function dataText(data: z.ZodType): string {
  const { kind, fields } = describeData(jsonSchema(data, 'output'));
  return fields === null ? `${kind}.` : `${kind}:\n\n${fields}`;
}

const files: Readonly<Record<string, string>> = {
  'docs/reference/operations.md': operationsPage(operations, shown),
  'docs/reference/events.md': [
    NOTE,
    '# Events',
    '',
    'The daemon sends events over WebSocket `/events` and over the local socket, each as one message `{"event": …, "data": …, "seq": n}`. The JSON Schema of each is in [schema/events.json](schema/events.json).',
    '',
    '## Subscribing',
    '',
    'Nothing comes before the client has sent its subscription, one JSON message (one line on the local socket):',
    '',
    '```json',
    JSON.stringify({ subscribe: SubscriptionSchema.parse({}) }),
    '```',
    '',
    'The answer is the event `snapshot`; all other events follow. Lines of a log come only for the services listed in `logs` (`["php", "edge"]`), resource use only with `"metrics": true`. A later subscription replaces the former one. A gap in `seq` means that events were left out, because the client read too slowly: send the subscription again with `"snapshot": true` beside it to get everything at once. A message that is no subscription ends the connection.',
    '',
    '`subscribe` holds:',
    '',
    describeData(jsonSchema(SubscriptionSchema, 'input')).fields ?? '',
    '',
    ...events.flatMap(({ name, summary, data }) => [`## ${name}`, '', summary, '', dataText(data), '']),
  ].join('\n'),
  'docs/reference/errors.md': [
    NOTE,
    '# Errors',
    '',
    table(
      ['code', 'HTTP', 'exit code', 'try again', 'what helps'],
      Object.entries(ERRORS).map(([code, entry]) => [
        `\`${code}\``,
        String(entry.httpStatus),
        String(entry.exitCode),
        entry.retryable ? 'yes' : 'no',
        entry.remedy,
      ]),
    ),
    '',
  ].join('\n'),
  'docs/reference/cli.md': [
    NOTE,
    '# Command line',
    '',
    '`koji COMMAND [ARGUMENTS] [--json]`. With `--json` every command that prints data prints JSON. The exit code is 0, 1 when not everything is ready, or the one of the error in [errors.md](errors.md).',
    '',
    table(
      ['command', 'what it does', 'example'],
      shown.map(({ words, usage, summary, examples }) => [
        `\`koji ${[...words, usage].filter(Boolean).join(' ')}\``,
        summary,
        `\`koji ${examples[0] ?? words.join(' ')}\``,
      ]),
    ),
    '',
  ].join('\n'),
  'docs/reference/service-states.md': [
    NOTE,
    '# States of a service',
    '',
    '```mermaid',
    machineDiagram().trim(),
    '```',
    '',
  ].join('\n'),
  'docs/reference/schema/contract.json': json(
    operations.map(({ name, summary, kind, access, errors, input, output }) => [
      name,
      { summary, kind, access, errors, input: jsonSchema(input, 'input'), output: jsonSchema(output, 'output') },
    ]),
  ),
  'docs/reference/schema/events.json': json(
    events.map(({ name, summary, data }) => [name, { summary, data: jsonSchema(data, 'output') }]),
  ),
};

const stale = Object.entries(files).filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stdout.write(`${path} is not up to date: run npm run generate\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  mkdirSync('docs/reference/schema', { recursive: true });
  for (const [path, text] of stale) {
    writeFileSync(path, text);
    process.stdout.write(`wrote ${path}\n`);
  }
}
