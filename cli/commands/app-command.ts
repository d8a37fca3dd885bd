/** koji app: what `npm start` runs. Up, the table, the window; then the foreground until Ctrl-C, which stops all in order. */
import type { Client } from '../../client/index.ts';
import type { Change } from '../../contract/changes.ts';
import { parseFlags } from '../arguments.ts';
import { print, type Command } from '../command.ts';
import { ensureDaemon, homeFolder, readDaemonFile } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { untilHandedOver } from '../follow-handover.ts';
import { isServing } from '../is-serving.ts';
import { pageLink, statusWithLink } from '../page-link.ts';
import { isAlive, waitForExit } from '../process-exit.ts';
import { printError } from '../render/error.ts';
import { renderReadiness } from '../render/readiness.ts';
import { renderStatus } from '../render/status.ts';
import { formatDuration, paint } from '../render/style.ts';
import { isBeingMoved } from '../../client/launch/unfinished-move.ts';
import { openWindow } from '../window.ts';
import { writeError } from '../render/terminal-text.ts';

export const appCommand: Command = {
  words: ['app'],
  usage: '[--headless]',
  group: 'stack',
  summary: 'Bring everything up, open the window, and stay; Ctrl-C stops all in order.',
  options: [['--headless', 'never try to open a window']],
  examples: ['app', 'app --headless'],
  async run({ argv }) {
    const { values } = parseFlags(argv, { headless: { type: 'boolean' } });
    const began = performance.now();
    const stopping = new AbortController();
    const asked = new Promise<void>((resolve) => {
      const stop = (): void => {
        // A second Ctrl-C must not cut the orderly stop short: databases are writing.
        if (!stopping.signal.aborted) writeError('\n');
        stopping.abort();
        resolve();
      };
      process.on('SIGINT', stop);
      process.on('SIGTERM', stop);
      process.on('SIGHUP', stop);
    });

    const client = await ensureDaemon();
    const pid = readDaemonFile()?.pid;
    let code = 0;
    try {
      const headless = values['headless'] === true;
      // A newcomer sees in the window what is being fetched, and may choose in the meantime; no one has to.
      const isFirst = !headless && (await client.call('firstRun.status', {})).state === 'new';
      if (headless) await client.call('firstRun.skip', { untouched: true });
      const change = await client.call('stack.up', {});
      if (isFirst) await showWindow(client);
      const serving = await bringUp(client, change, stopping.signal);
      if (serving) {
        print(paint('dim', `up in ${formatDuration(performance.now() - began)}`));
        if (!headless && !isFirst) await showWindow(client);
        print(paint('dim', 'Ctrl-C stops everything in order.'));
      }
      await Promise.race([asked, daemonEnded(client)]);
    } catch (error) {
      if (!stopping.signal.aborted) code = printError(error, false);
    }
    try {
      await stopAll(client, pid);
    } finally {
      // Its events would be waited for on and on, and Ctrl-C has no effect any more.
      client.close();
    }
    return stopping.signal.aborted ? 0 : code;
  },
};

/** @returns false when it was stopped in the meantime */
async function bringUp(client: Client, change: Change, signal: AbortSignal): Promise<boolean> {
  let isWhole = true;
  try {
    await followChange(client, change, false, signal);
  } catch (error) {
    if (!signal.aborted && isBeingMoved(homeFolder())) {
      // The data folder was chosen in the window in the meantime: the daemon of the new place continues with the stack, and this joins it.
      await untilHandedOver(async (now) => ((await now.call('home.status', {})).moveId === null ? true : undefined));
      return bringUp(client, await client.call('stack.up', {}), signal);
    }
    // Another stack was chosen in the window in the meantime: that choice brings it up instead.
    const instead = signal.aborted ? undefined : await findSetup(client);
    if (instead !== undefined) isWhole = await endsWell(client, instead, signal);
    // What cannot be had or started costs its own sites: the others are there, and their pages say what helps.
    else if (!signal.aborted && (await isServing(client))) {
      printError(error, false);
      isWhole = false;
    } else throw error;
  }
  if (signal.aborted) return false;
  const status = await statusWithLink(client);
  print(renderStatus(status));
  const readiness = renderReadiness(status, isWhole);
  if (readiness !== '') print(readiness);
  return true;
}

/** The setup from the window; what it could not do is said, and ends nothing while the edge runs. */
async function endsWell(client: Client, change: Change, signal: AbortSignal): Promise<boolean> {
  try {
    await followChange(client, change, false, signal);
    return true;
  } catch (error) {
    if (signal.aborted || !(await isServing(client))) throw error;
    printError(error, false);
    return false;
  }
}

const findSetup = async (client: Client): Promise<Change | undefined> =>
  (await client.call('changes.list', {})).find(({ kind, status }) => kind === 'firstRun.apply' && status === 'running');

async function showWindow(client: Client): Promise<void> {
  print((await openWindow(await pageLink(client), 'app')).message);
}

/** Resolves when the daemon was told to end by another client and did; a crash is healed by its guardian and does not count. */
function daemonEnded(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.events(
      () => undefined,
      (status) => {
        if (status === 'disconnected' && readDaemonFile() === null && !isBeingMoved(homeFolder())) resolve();
      },
    );
  });
}

async function stopAll(client: Client, pid: number | undefined): Promise<void> {
  const current = readDaemonFile()?.pid ?? pid;
  if (current === undefined || !isAlive(current)) return;
  writeError('Stopping …\n');
  await client.call('daemon.quit', {}).catch((error: unknown) => {
    // Without its record it is ending already: another terminal has told it to.
    if (readDaemonFile() !== null) throw error;
  });
  await waitForExit(current, 60_000);
  writeError(`${paint('green', '✓')} Everything is stopped.\n`);
}
