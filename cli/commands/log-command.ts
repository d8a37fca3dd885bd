/** koji logs [NAME …] [-f] [-n N] [--level LEVEL] [--since TIME] [--until TIME] [--grep TEXT] [--no-color] [--export] */
import type { Client } from '../../client/index.ts';
import type { InputOf } from '../../contract/index.ts';
import type { LogEntry } from '../../contract/logs.ts';
import { parseFlags, usage, type FlagValues } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followLogs } from '../follow-logs.ts';
import { matches, parseCount, parseLevel, parseTime, sourcesOf } from '../log-options.ts';
import { createLogRenderer } from '../render/log-entries.ts';
import { jsonText, withoutColours, writeError } from '../render/terminal-text.ts';

const DEFAULT_LINES = 100;
const MAX_LINES = 10_000;

type Filter = Omit<InputOf<'logs.query'>, 'limit'>;

function filterOf(values: FlagValues): Filter {
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const [level, since, until, grep] = [text('level'), text('since'), text('until'), text('grep')];
  const now = Date.now();
  return {
    ...(level === undefined ? {} : { level: parseLevel(level) }),
    ...(since === undefined ? {} : { from: parseTime('--since', since, now) }),
    ...(until === undefined ? {} : { to: parseTime('--until', until, now) }),
    ...(grep === undefined ? {} : { text: grep }),
  };
}

/** IDs for the stream of new entries: those of the daemon's own answer, so that both mean the same logs. */
const followedIds = (client: Client, { service, project }: Filter): Promise<string[]> =>
  client.call('logs.sources', {
    ...(service === undefined ? {} : { service }),
    ...(project === undefined ? {} : { project }),
  });

async function findSources(client: Client, names: readonly string[]): Promise<ReturnType<typeof sourcesOf>> {
  if (names.length === 0) return {};
  const [services, projects] = await Promise.all([
    client.call('services.list', {}),
    client.call('config.listProjects', {}),
  ]);
  return sourcesOf(names, { services: services.map(({ id }) => id), projects: projects.map(({ id }) => id) });
}

async function follow(client: Client, filter: Filter, limit: number, show: (entry: LogEntry) => void): Promise<void> {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
  await followLogs({
    client,
    ids: await followedIds(client, filter),
    query: (since) =>
      client.call('logs.query', {
        ...filter,
        ...(since === undefined ? { limit } : { from: since, limit: MAX_LINES }),
      }),
    matches: (entry) => matches(entry, filter),
    show,
    signal: stopping.signal,
  });
}

export const logsCommand: Command = {
  words: ['logs'],
  usage: '[NAME …] [-f] [-n N] [--level LEVEL] [--since TIME] [--until TIME] [--grep TEXT] [--no-color] [--export]',
  group: 'services',
  summary:
    'Show the logs of services and projects (of all services when none is given), search them, follow them with -f, or export them into a file.',
  options: [
    ['-f, --follow', 'show new entries too, until Ctrl-C'],
    ['-n, --lines N', 'how many entries to begin with, at most 10000 (default 100)'],
    ['--tail N', 'the same as --lines'],
    ['--level LEVEL', 'only debug, info, warn or error, and worse'],
    ['--since TIME', 'only since then: 10m, 2h, 1d ago, or a date and time'],
    ['--until TIME', 'only until then'],
    ['--grep TEXT', 'only with this text, in any case of letters'],
    ['--no-color', 'without colours'],
    ['--export', 'write all that match (or the last N) into a file, and print its path'],
  ],
  positional: ['logs'],
  examples: ['logs postgres', 'logs blog -f', 'logs --level error --since 2h', 'logs mariadb --grep innodb --export'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      follow: { type: 'boolean', short: 'f' },
      lines: { type: 'string', short: 'n' },
      tail: { type: 'string' },
      level: { type: 'string' },
      since: { type: 'string' },
      until: { type: 'string' },
      grep: { type: 'string' },
      'no-color': { type: 'boolean' },
      export: { type: 'boolean' },
    });
    const following = values['follow'] === true;
    const exporting = values['export'] === true;
    if (following && exporting) throw usage('--export and --follow exclude each other');
    if (following && values['until'] !== undefined) throw usage('--until and --follow exclude each other');
    if (values['no-color'] === true) withoutColours();
    const lines = parseCount(values['lines'] ?? values['tail'], MAX_LINES);
    const ownFilter = filterOf(values);
    const client = await ensureDaemon();
    try {
      const filter: Filter = { ...ownFilter, ...(await findSources(client, positionals)) };
      if (exporting) {
        const path = await client.call('logs.export', { ...filter, ...(lines === undefined ? {} : { limit: lines }) });
        if (json) printJson(path);
        else print(path);
        return 0;
      }
      const limit = lines ?? DEFAULT_LINES;
      const ids = await followedIds(client, filter);
      const idWidth = ids.length > 1 ? Math.max(...ids.map((id) => id.length)) : 0;
      const render = createLogRenderer({ idWidth, onTerminal: process.stdout.isTTY === true, now: Date.now() });
      const show = (entry: LogEntry): void => print(json ? jsonText(entry) : render(entry));
      if (following) {
        await follow(client, filter, limit, show);
        return 0;
      }
      const entries = await client.call('logs.query', { ...filter, limit });
      if (json) printJson(entries);
      else entries.forEach(show);
      // On stderr, so that a program that reads the lines gets lines alone.
      if (!json && entries.length === 0) writeError('No entries.\n');
      return 0;
    } finally {
      client.close();
    }
  },
};
