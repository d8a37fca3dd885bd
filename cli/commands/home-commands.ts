/** koji home: where the data is, and moving it. */
import { resolve } from 'node:path';
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { operationByName } from '../../contract/index.ts';
import type { HomeMoveOutcome, HomePlan, HomeStatus } from '../../contract/home-move.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followHandover, untilHandedOver } from '../follow-handover.ts';
import { printError } from '../render/error.ts';
import { formatBytes, paint } from '../render/style.ts';
import { askYes, isInteractive } from './setup-questions.ts';
import { writeError } from '../render/terminal-text.ts';

type Target = { folder: string } | { back: true };

const status: Command = {
  words: ['home'],
  usage: '',
  group: 'daemon',
  summary: operationByName.get('home.status')!.summary,
  examples: ['home', 'home --json'],
  access: 'read',
  async run({ argv, json }) {
    const { positionals } = parseFlags(argv, {});
    if (positionals.length > 0) throw usage(`it takes no values: ${positionals.join(' ')}`);
    const client = await ensureDaemon();
    try {
      const found = await client.call('home.status', {});
      if (json) printJson(found);
      else print(renderStatus(found));
      return 0;
    } finally {
      client.close();
    }
  },
};

const move: Command = {
  words: ['home', 'move'],
  usage: '[FOLDER] [--back] [--dry-run] [--yes]',
  group: 'daemon',
  summary: operationByName.get('home.move')!.summary,
  options: [
    ['--back', 'to the place before the last move'],
    ['--dry-run', 'only say what would be done'],
    ['--yes', 'do not ask'],
  ],
  examples: ['home move /mnt/data/kojibox --dry-run', 'home move /mnt/data/kojibox', 'home move --back --yes'],
  positional: ['folders'],
  access: 'admin',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      back: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      yes: { type: 'boolean' },
    });
    const [folder, ...rest] = positionals;
    if (rest.length > 0) throw usage(`too many values: ${rest.join(' ')}`);
    const back = values['back'] === true;
    if (back === (folder !== undefined)) throw usage('give either a folder or --back');
    const target: Target = folder === undefined ? { back: true } : { folder: absoluteFolder(folder) };
    const asks = values['yes'] !== true && !json;
    if (asks && values['dry-run'] !== true && !isInteractive())
      throw usage('give --yes or --dry-run when it cannot ask you');
    const client = await ensureDaemon();
    try {
      const plan = await client.call('home.plan', target);
      if (values['dry-run'] === true) {
        if (json) printJson(plan);
        else print(`${renderPlan(plan)}\nNothing was changed.`);
        return plan.problem === null ? 0 : 2;
      }
      if (plan.problem === null && !json) print(renderPlan(plan));
      if (plan.problem === null && asks && !(await askYes('Move it?', true))) return 0;
      const outcome = await moveHome(client, target, json);
      if (outcome.error !== null && !json) printError(KojiboxError.fromBody(outcome.error), false);
      if (json) printJson(outcome);
      else
        print(
          `${paint('green', '✓')} The data is in ${outcome.to}${outcome.to === plan.home ? '' : `; ${plan.home} leads there`}.`,
        );
      return 0;
    } finally {
      client.close();
    }
  },
};

export const homeCommands: readonly Command[] = [status, move];

/** As one types it in a shell. */
export const absoluteFolder = (text: string): string => resolve(text.replace(/^~(?=\/|$)/, process.env['HOME'] ?? '~'));

/** Moves the data and shows it all along, also while no daemon runs. Rejects with why it is not there. */
export async function moveHome(client: Client, target: Target, quiet: boolean): Promise<HomeMoveOutcome> {
  const { moveId, changeId } = await client.call('home.move', target);
  await followHandover(client, changeId, quiet);
  if (!quiet) writeError('  switching …\n');
  const last = await untilHandedOver(async (now) => {
    const found = await now.call('home.status', {});
    return found.moveId === moveId ? undefined : { outcome: found.last?.id === moveId ? found.last : null };
  });
  if (last.outcome?.outcome === 'moved') return last.outcome;
  throw last.outcome?.error
    ? KojiboxError.fromBody(last.outcome.error)
    : new KojiboxError('CANCELLED', 'the data was not moved', { detail: 'everything is as it was', source: 'cli' });
}

const line = (name: string, value: string): string => `${paint('dim', name.padEnd(12))} ${value}`;

function renderStatus({
  home,
  place,
  moved,
  sizeBytes,
  files,
  freeBytes,
  fileSystem,
  phase,
  last,
}: HomeStatus): string {
  return [
    line('folder', home),
    ...(moved ? [line('leads to', place)] : []),
    line('size', `${formatBytes(sizeBytes)} in ${files} files`),
    line('free', `${formatBytes(freeBytes)}${fileSystem === null ? '' : ` on ${fileSystem}`}`),
    ...(phase === 'idle' ? [] : [line('being moved', phase)]),
    ...(last === null ? [] : [line('last move', `${last.from} → ${last.to}: ${last.outcome} (${last.endedAt})`)]),
    ...(last?.error ? [line('', `${last.error.message}: ${last.error.detail}`)] : []),
    '',
    paint(
      'dim',
      moved ? 'Move it: koji home move FOLDER, or back: koji home move --back' : 'Move it: koji home move FOLDER',
    ),
  ].join('\n');
}

export function renderPlan({
  home,
  from,
  to,
  method,
  sizeBytes,
  files,
  freeBytes,
  stops,
  waitsFor,
  problem,
}: HomePlan): string {
  if (problem !== null)
    return [
      `${paint('red', '✗')} ${problem.message}: ${problem.detail}`,
      `  ${paint('cyan', '→')} ${problem.remedy}`,
    ].join('\n');
  return [
    `From ${from} to ${to}: ${formatBytes(sizeBytes)} in ${files} files.`,
    method === 'rename'
      ? 'The same file system: the folder is renamed, which takes no time.'
      : `Another file system (${formatBytes(freeBytes)} free there): everything is copied while Kojibox runs, compared, and only then deleted at the former place.`,
    stops.length === 0 ? 'No service runs.' : `Stopped for a moment, and started again: ${stops.join(', ')}.`,
    ...(waitsFor.length === 0 ? [] : [`Waits for: ${waitsFor.join(', ')}.`]),
    to === home
      ? `It is no link any more.`
      : `${home} stays as a link, so that every path in settings and databases stays true.`,
    'Undo: koji home move --back',
  ].join('\n');
}
