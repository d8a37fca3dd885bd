/** koji uninstall: undo every change made to this system, look at every place again, and with --purge delete the data too. */
import { existsSync, lstatSync, realpathSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { Place } from '../../contract/system-changes.ts';
import { parseFlags, usage } from '../arguments.ts';
import { reachWithRights } from '../ask-for-rights.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon, homeFolder, readDaemonFile } from '../daemon-process.ts';
import { waitForExit } from '../process-exit.ts';
import { paint } from '../render/style.ts';
import { autostartPlace, removeAutostart } from '../uninstall/autostart.ts';
import { checkPlace, checkProcesses, type PlaceState } from '../uninstall/check-places.ts';

const EXIT_LEFT = 4;
const EXIT_TIMEOUT_MS = 60_000;

export const uninstallCommand: Command = {
  words: ['uninstall'],
  usage: '[--purge] [--yes] [--dry-run]',
  group: 'daemon',
  summary:
    'Stop everything, undo every change made to this system, and show that nothing is left. Exit code 4 when something is.',
  options: [
    ['--purge', 'also delete all runtimes, databases and settings'],
    ['--yes', 'do not ask'],
    ['--dry-run', 'only say what would be done'],
  ],
  examples: ['uninstall', 'uninstall --dry-run', 'uninstall --purge --yes'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      purge: { type: 'boolean' },
      yes: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
    });
    if (positionals.length > 0) throw usage(`it takes no values: ${positionals.join(' ')}`);
    const purge = values['purge'] === true;
    if (values['dry-run'] === true) return dryRun(purge, json);
    if (purge && values['yes'] !== true) await confirmPurge();

    const client = await ensureDaemon();
    const places = [...(await client.call('ledger.places', {})), ...ownPlaces()];
    const failure = await undoAll(client);
    await end(client);
    if (ownPlaces().length > 0) removeAutostart();

    const folders = homeFolders();
    const states = [...places.map(checkPlace), await checkProcesses(folders)];
    const left = states.filter(({ state }) => state === 'left' || state === 'unknown');
    // The ledger is in the home: it stays until there is nothing left to undo.
    if (purge && left.length === 0 && failure === null)
      for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    states.push(homeState(purge));
    const done = left.length === 0 && failure === null && (!purge || !folders.some(isThere));
    if (json)
      printJson({
        undone: left.length === 0 && failure === null,
        purged: purge && !folders.some(isThere),
        home: homeFolder(),
        places: states,
        error: failure?.toBody(new Date().toISOString()) ?? null,
      });
    else show(states, failure);
    return done ? 0 : EXIT_LEFT;
  },
};

/** Where the data is, and the link that leads there when it was moved. */
const homeFolders = (): string[] =>
  existsSync(homeFolder()) ? [...new Set([realpathSync(homeFolder()), homeFolder()])] : [homeFolder()];
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** The app of this user starts the default home, so another home says nothing about it. */
const ownPlaces = (): Place[] => ((process.env['KOJIBOX_HOME'] ?? '') === '' ? [autostartPlace()] : []);

/** @returns why not everything could be undone, or null */
async function undoAll(client: Client): Promise<KojiboxError | null> {
  try {
    await reachWithRights(client, { goal: 'undo' });
    await client.call('ledger.undo', {});
    return null;
  } catch (error) {
    // What needs no more rights is undone all the same.
    await client.call('ledger.undo', {}).catch(() => undefined);
    if (error instanceof KojiboxError) return error;
    throw error;
  }
}

async function end(client: Client): Promise<void> {
  const pid = readDaemonFile()?.pid;
  await client.call('daemon.quit', {});
  client.close();
  if (pid !== undefined) await waitForExit(pid, EXIT_TIMEOUT_MS);
}

function homeState(purge: boolean): PlaceState {
  const path = homeFolder();
  const kept = isThere(path);
  const state = !kept ? 'clean' : purge ? 'left' : 'kept';
  const detail = !kept
    ? 'deleted'
    : purge
      ? 'kept, because the list of what is left to undo is in it'
      : 'kept; koji uninstall --purge deletes it';
  return { label: 'home', path, state, detail, cure: state === 'left' ? 'run koji uninstall --purge again' : '' };
}

async function dryRun(purge: boolean, json: boolean): Promise<number> {
  const client = await ensureDaemon();
  try {
    const [changes, { services }, places, rights] = await Promise.all([
      client.call('ledger.list', {}),
      client.call('stack.status', {}),
      client.call('ledger.places', {}),
      client.call('privileged.plan', { goal: 'undo' }),
    ]);
    const undo = changes.filter(({ undoneAt }) => undoneAt === null).reverse();
    const stop = services.filter(({ state }) => state !== 'stopped').map(({ name }) => name);
    const plan = {
      stop,
      undo: undo.map(({ id, summary, target }) => ({ id, summary, target })),
      asAdministrator: rights.sentences,
      home: { path: homeFolder(), deleted: purge },
      lookAt: [...places, ...ownPlaces()].map(({ label, path }) => ({ label, path })),
    };
    if (json) printJson(plan);
    else {
      print(`Would stop: ${stop.join(', ') || 'nothing runs'}`);
      print(undo.length === 0 ? 'Would undo: nothing' : 'Would undo, newest first:');
      for (const { summary, target } of undo) print(`  ${summary} ${paint('dim', target)}`);
      for (const sentence of rights.sentences) print(`  ${paint('dim', 'as administrator:')} ${sentence}`);
      print(`Would ${purge ? 'delete' : 'keep'} ${homeFolders().join(' and ')}`);
      print('Would look at:');
      for (const { label, path } of plan.lookAt) print(`  ${label} ${paint('dim', path)}`);
      print('Nothing was changed.');
    }
    return 0;
  } finally {
    client.close();
  }
}

const MARKS = { clean: ['green', '✓'], kept: ['cyan', '•'], left: ['red', '✗'], unknown: ['yellow', '!'] } as const;

function show(states: readonly PlaceState[], failure: KojiboxError | null): void {
  const width = Math.max(...states.map(({ label }) => label.length));
  for (const { label, path, state, detail, cure } of states) {
    const [colour, mark] = MARKS[state];
    print(`${paint(colour, mark)} ${label.padEnd(width)}  ${detail} ${paint('dim', path)}`.trimEnd());
    if (cure !== '') print(`  ${paint('cyan', '→')} ${cure}`);
  }
  if (failure !== null) {
    print(`${paint('red', '✗')} Not everything could be undone: ${failure.message}. ${failure.detail}`);
    print(`  ${paint('cyan', '→')} ${failure.remedy}`);
  } else if (states.every(({ state }) => state === 'clean' || state === 'kept'))
    print(`${paint('green', '✓')} Everything is stopped, and this system is as it was.`);
}

async function confirmPurge(): Promise<void> {
  if (process.stdin.isTTY !== true) throw usage('--purge needs --yes when it cannot ask you');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Delete all databases and settings in ${homeFolder()}? Type "delete": `);
  terminal.close();
  if (answer.trim() !== 'delete') throw new KojiboxError('CANCELLED', 'nothing was deleted', { source: 'cli' });
}
