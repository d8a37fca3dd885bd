/** koji logs [ID …] [-f] [--tail N] [--level L] [--since T] [--grep TEXT] [--export] */
import type { LogEntry, LogFilter } from '../../contract/logs.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { paint } from '../render/style.ts';

const COLOURS = { debug: 'dim', info: 'reset', warn: 'yellow', error: 'red' } as const;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function renderLine(entry: LogEntry, withService: boolean): string {
  const service = withService ? `${paint('bold', entry.service)} ` : '';
  return `${paint('dim', entry.ts.slice(11, 23))} ${service}${paint(COLOURS[entry.level], entry.message)}`;
}

/** `10m`, `2h`, `1d`, or an ISO time. */
function parseSince(text: string): string {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const at =
    count === undefined ? Date.parse(text) : Date.now() - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (Number.isNaN(at)) throw usage(`--since ${text}: give 30s, 10m, 2h, 1d or a time such as 2026-11-21T08:00:00Z`);
  return new Date(at).toISOString();
}

function parseLevel(text: string): LogFilter['level'] {
  const level = LEVELS.find((known) => known === text);
  if (level === undefined) throw usage(`--level ${text}: give one of ${LEVELS.join(', ')}`);
  return level;
}

export const logsCommand: Command = {
  words: ['logs'],
  usage: '[ID …] [-f] [--tail N] [--level LEVEL] [--since TIME] [--grep TEXT] [--export]',
  group: 'services',
  summary: 'Show the log of services, search it, and follow it with -f.',
  options: [
    ['-f, --follow', 'go on with new lines until Ctrl-C'],
    ['--tail N', 'at most so many entries (default 100)'],
    ['--level LEVEL', 'debug, info, warn or error: this level and worse'],
    ['--since TIME', 'not older: 30s, 10m, 2h, 1d, or an ISO time'],
    ['--grep TEXT', 'only entries with this text'],
    ['--export', 'write all that matches into a file and print its path'],
  ],
  positional: ['services'],
  examples: ['logs postgres', 'logs php -f', 'logs --level error --since 1h', 'logs mariadb --grep deadlock --export'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      follow: { type: 'boolean', short: 'f' },
      tail: { type: 'string', short: 'n' },
      level: { type: 'string' },
      since: { type: 'string' },
      grep: { type: 'string' },
      export: { type: 'boolean' },
    });
    const text = (name: string): string | undefined => values[name] as string | undefined;
    const [level, since, grep] = [text('level'), text('since'), text('grep')];
    const filter: LogFilter = {
      ...(positionals.length === 0 ? {} : { service: [...positionals] }),
      ...(level === undefined ? {} : { level: parseLevel(level) }),
      ...(since === undefined ? {} : { from: parseSince(since) }),
      ...(grep === undefined ? {} : { text: grep }),
    };
    const client = await ensureDaemon();
    const show = (entry: LogEntry): void =>
      print(json ? JSON.stringify(entry) : renderLine(entry, positionals.length !== 1));
    try {
      if (values['export'] === true) {
        const file = await client.call('logs.export', filter);
        if (json) printJson({ path: file });
        else print(file);
        return 0;
      }
      const follow = values['follow'] === true;
      const entries = await client.call('logs.query', { ...filter, limit: Number(text('tail') ?? 100) });
      if (json && !follow) printJson(entries);
      else entries.forEach(show);
      if (!follow) return 0;
      const ids = positionals.length > 0 ? positionals : (await client.call('services.list', {})).map(({ id }) => id);
      const least = LEVELS.indexOf(filter.level ?? 'debug');
      const stream = client.events((event) => {
        if (event.event !== 'service:logLine') return;
        const matches = event.data.message.toLowerCase().includes((grep ?? '').toLowerCase());
        if (matches && LEVELS.indexOf(event.data.level) >= least) show(event.data);
      });
      stream.update({ logs: [...ids], metrics: false });
      await new Promise<void>((resolve) => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
      stream.close();
      return 0;
    } finally {
      client.close();
    }
  },
};
