/** koji logs [ID …] [-f] [--tail N] [--level LEVEL] [--since TIME] [--grep TEXT] [--export] */
import type { Client } from '../../client/index.ts';
import type { LogEntry } from '../../contract/logs.ts';
import { parseFlags, usage, type FlagValues } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { matches, parseLevel, parseSince } from '../log-options.ts';
import { paint } from '../render/style.ts';

const COLOURS = { debug: 'dim', info: 'reset', warn: 'yellow', error: 'red' } as const;
const DEFAULT_TAIL = 100;

/** @param idWidth of the longest ID, or 0 to leave the ID out */
function renderEntry(entry: LogEntry, idWidth: number): string {
  const id = idWidth === 0 ? '' : `${entry.service.padEnd(idWidth)} `;
  // Further lines stand below the first one's message.
  const indent = `\n${' '.repeat(13 + id.length)}`;
  const message = paint(COLOURS[entry.level], entry.message.replaceAll('\n', indent));
  return `${paint('cyan', id)}${paint('dim', entry.ts.slice(11, 23))} ${message}`;
}

/** Resolves at Ctrl-C. */
async function follow(client: Client, ids: string[], show: (entry: LogEntry) => void): Promise<void> {
  const stream = client.events((event) => {
    if (event.event === 'service:logLine') show(event.data);
  });
  stream.update({ logs: ids, metrics: false });
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  stream.close();
}

function filterOf(values: FlagValues): { level?: LogEntry['level']; from?: string; text?: string } {
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const [level, since, grep] = [text('level'), text('since'), text('grep')];
  return {
    ...(level === undefined ? {} : { level: parseLevel(level) }),
    ...(since === undefined ? {} : { from: parseSince(since, Date.now()) }),
    ...(grep === undefined ? {} : { text: grep }),
  };
}

export const logsCommand: Command = {
  words: ['logs'],
  usage: '[ID …] [-f] [--tail N] [--level LEVEL] [--since TIME] [--grep TEXT] [--export]',
  group: 'services',
  summary:
    'Show the logs of services (all when none is given), search them, follow them with -f, or export them into a file.',
  options: [
    ['-f, --follow', 'go on with new entries until Ctrl-C'],
    ['-n, --tail N', 'how many entries to begin with (default 100)'],
    ['--level LEVEL', 'only debug, info, warn or error, and worse'],
    ['--since TIME', 'only since then: 10m, 2h, 1d ago, or an ISO time'],
    ['--grep TEXT', 'only with this text, in any case of letters'],
    ['--export', 'write all that match (or the last --tail N) into a file, and print its path'],
  ],
  positional: ['services'],
  examples: ['logs postgres', 'logs php -f', 'logs --level error --since 2h', 'logs mariadb --grep innodb --export'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      follow: { type: 'boolean', short: 'f' },
      tail: { type: 'string', short: 'n' },
      level: { type: 'string' },
      since: { type: 'string' },
      grep: { type: 'string' },
      export: { type: 'boolean' },
    });
    const following = values['follow'] === true;
    const exporting = values['export'] === true;
    if (following && exporting) throw usage('--export and --follow exclude each other');
    const tail = values['tail'] === undefined ? undefined : Number(values['tail']);
    const filter = { ...filterOf(values), ...(positionals.length === 0 ? {} : { service: positionals }) };
    const client = await ensureDaemon();
    try {
      if (exporting) {
        const path = await client.call('logs.export', { ...filter, ...(tail === undefined ? {} : { limit: tail }) });
        if (json) printJson(path);
        else print(path);
        return 0;
      }
      const limit = tail ?? DEFAULT_TAIL;
      const only = positionals.length === 1 && Object.keys(filter).length === 1 ? positionals[0] : undefined;
      // Without a filter, one service may give more.
      const entries =
        only === undefined
          ? await client.call('logs.query', { ...filter, limit })
          : await client.call('services.logs', { id: only, tail: limit });
      const ids = positionals.length > 0 ? positionals : (await client.call('services.list', {})).map(({ id }) => id);
      const idWidth = ids.length > 1 ? Math.max(...ids.map((id) => id.length)) : 0;
      const show = (entry: LogEntry): void => print(json ? JSON.stringify(entry) : renderEntry(entry, idWidth));
      if (json && !following) printJson(entries);
      else entries.forEach(show);
      if (following)
        await follow(client, ids, (entry) => {
          if (matches(entry, filter)) show(entry);
        });
      return 0;
    } finally {
      client.close();
    }
  },
};
