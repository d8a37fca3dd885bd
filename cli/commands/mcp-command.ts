/** koji mcp: the operations as tools for an agent, over stdio. */
import { ACCESS_LEVELS, type AccessLevel } from '../../contract/define.ts';
import { parseFlags, usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ensureDaemon, readDaemonFile } from '../daemon-process.ts';
import { createDaemonAccess } from '../mcp/daemon-access.ts';
import { printError } from '../render/error.ts';

export const mcpCommand: Command = {
  words: ['mcp'],
  usage: '[--allow read|operate|admin]',
  group: 'daemon',
  summary: 'Offer the operations to an agent as tools (Model Context Protocol over stdio).',
  options: [['--allow LEVEL', 'read (default): look only; operate: also start, stop, install; admin: everything']],
  flagValues: { allow: ACCESS_LEVELS },
  examples: ['mcp', 'mcp --allow operate'],
  async run({ argv }) {
    try {
      const granted = levelOf(argv);
      const stopped = new Promise<void>((resolve) => {
        process.once('SIGINT', resolve);
        process.once('SIGTERM', resolve);
      });
      const { serveMcp } = await import('../mcp/server.ts');
      const daemon = createDaemonAccess({ ensureDaemon, token: () => readDaemonFile()?.token ?? null });
      await serveMcp(granted, daemon, stopped);
      return 0;
    } catch (error) {
      // Never as JSON: stdout carries messages of the protocol only.
      return printError(error, false);
    }
  },
};

function levelOf(argv: readonly string[]): AccessLevel {
  const { values, positionals } = parseFlags(argv, { allow: { type: 'string' } });
  if (positionals.length > 0) throw usage(`it takes no values: ${positionals.join(' ')}`);
  const wanted = values['allow'] ?? 'read';
  const level = ACCESS_LEVELS.find((known) => known === wanted);
  if (level === undefined) throw usage(`--allow takes ${ACCESS_LEVELS.join(', ')}, not "${String(wanted)}"`);
  return level;
}
