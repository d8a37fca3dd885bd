/** koji uninstall: undo every change made to this system, prove it, and with --purge delete the data too. */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { KojiboxError } from '../../contract/errors.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon, homeFolder, readDaemonFile } from '../daemon-process.ts';
import { waitForExit } from '../process-exit.ts';
import { paint } from '../render/style.ts';

export const uninstallCommand: Command = {
  words: ['uninstall'],
  usage: '[--purge] [--yes]',
  group: 'daemon',
  summary: 'Stop everything and undo every change made to this system.',
  options: [
    ['--purge', 'also delete all runtimes, databases and settings'],
    ['--yes', 'do not ask'],
  ],
  examples: ['uninstall', 'uninstall --purge --yes'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, { purge: { type: 'boolean' }, yes: { type: 'boolean' } });
    if (positionals.length > 0) throw usage(`it takes no values: ${positionals.join(' ')}`);
    const purge = values['purge'] === true;
    if (purge && values['yes'] !== true) await confirmPurge();

    const client = await ensureDaemon();
    await client.call('ledger.undo', {});
    const left = (await client.call('ledger.list', {})).filter(({ undoneAt }) => undoneAt === null);
    if (left.length > 0) {
      throw new KojiboxError('PERMISSION_DENIED', 'cannot undo every change to this system', {
        detail: left.map(({ summary }) => summary).join('; '),
        source: 'cli',
        remedy: `Run by hand: ${left.map(({ undoCommand }) => undoCommand).join(' && ')}`,
      });
    }
    const pid = readDaemonFile()?.pid;
    await client.call('daemon.quit', {});
    client.close();
    if (pid !== undefined) await waitForExit(pid, 60_000);
    if (purge) rmSync(homeFolder(), { recursive: true, force: true });
    if (json) printJson({ undone: true, purged: purge, home: homeFolder() });
    else {
      print(`${paint('green', '✓')} Everything is stopped, and this system is as it was.`);
      print(
        purge
          ? `  ${homeFolder()} was deleted.`
          : `  Your data is still in ${homeFolder()}; koji uninstall --purge deletes it.`,
      );
    }
    return 0;
  },
};

async function confirmPurge(): Promise<void> {
  if (process.stdin.isTTY !== true) throw usage('--purge needs --yes when nobody can be asked');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Delete all databases and settings in ${homeFolder()}? Type "delete": `);
  terminal.close();
  if (answer.trim() !== 'delete') throw new KojiboxError('CANCELLED', 'nothing was deleted', { source: 'cli' });
}
