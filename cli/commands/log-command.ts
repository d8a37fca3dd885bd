/** koji logs ID [-f] [--tail N] */
import type { LogEntry } from '../../contract/logs.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { paint } from '../render/style.ts';

const COLOURS = { debug: 'dim', info: 'reset', warn: 'yellow', error: 'red' } as const;

function renderLine(entry: LogEntry): string {
  return `${paint('dim', entry.ts.slice(11, 23))} ${paint(COLOURS[entry.level], entry.message)}`;
}

export const logsCommand: Command = {
  words: ['logs'],
  usage: 'ID [-f] [--tail N]',
  group: 'services',
  summary: 'Show the log of a service, and follow it with -f.',
  options: [
    ['-f, --follow', 'go on with new lines until Ctrl-C'],
    ['--tail N', 'how many lines to begin with (default 100)'],
  ],
  positional: ['services'],
  examples: ['logs postgres', 'logs php -f', 'logs mariadb --tail 20 --json'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      follow: { type: 'boolean', short: 'f' },
      tail: { type: 'string', short: 'n' },
    });
    const id = positionals[0];
    if (id === undefined || positionals.length > 1) throw usage('give one service ID, e.g. `koji logs postgres`');
    const tail = values['tail'] === undefined ? 100 : Number(values['tail']);
    const client = await ensureDaemon();
    const show = (entry: LogEntry): void => (json ? print(JSON.stringify(entry)) : print(renderLine(entry)));
    try {
      const follow = values['follow'] === true;
      const entries = await client.call('services.logs', { id, tail });
      if (json && !follow) printJson(entries);
      else entries.forEach(show);
      if (!follow) return 0;
      const stream = client.events((event) => {
        if (event.event === 'service:logLine') show(event.data);
      });
      stream.update({ logs: [id], metrics: false });
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
