/** koji update apply, rollback, status: updates with their progress, over the restart of the daemon. */
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { operationByName } from '../../contract/index.ts';
import type { UpdateOutcome, UpdateStatus } from '../../contract/updater.ts';
import { noArguments, parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followHandover, untilHandedOver } from '../follow-handover.ts';
import { paint, renderTable } from '../render/style.ts';
import { describeChecks, describeFeed, feedCommand } from './update-feed.ts';
import { updateStartCommands } from './update-start.ts';

const apply: Command = {
  words: ['update', 'apply'],
  usage: '[VERSION] [--allow-downgrade]',
  group: 'daemon',
  summary: operationByName.get('updater.apply')!.summary,
  options: [['--allow-downgrade', 'take an older version than the one that runs']],
  examples: ['update apply', 'update apply 1.1.0'],
  access: 'admin',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, { 'allow-downgrade': { type: 'boolean' } });
    const [version, ...rest] = positionals;
    if (rest.length > 0) throw usage(`too many values: ${rest.join(' ')}`);
    const params = { version, allowDowngrade: values['allow-downgrade'] === true };
    return switchVersion((client) => client.call('updater.apply', params), json);
  },
};

const rollback: Command = {
  words: ['update', 'rollback'],
  usage: '',
  group: 'daemon',
  summary: operationByName.get('updater.rollback')!.summary,
  examples: ['update rollback'],
  access: 'admin',
  async run({ argv, json }) {
    noArguments(argv);
    return switchVersion((client) => client.call('updater.rollback', {}), json);
  },
};

const status: Command = {
  words: ['update', 'status'],
  usage: '',
  group: 'daemon',
  summary: operationByName.get('updater.status')!.summary,
  examples: ['update status', 'update status --json'],
  access: 'read',
  async run({ argv, json }) {
    parseFlags(argv, {});
    const client = await ensureDaemon();
    try {
      const found = await client.call('updater.status', {});
      if (json) printJson(found);
      else print(render(found));
      return 0;
    } finally {
      client.close();
    }
  },
};

async function switchVersion(begin: (client: Client) => Promise<unknown>, json: boolean): Promise<number> {
  const client = await ensureDaemon();
  try {
    const earlier = new Set((await client.call('changes.list', {})).map(({ id }) => id));
    await begin(client);
    const begun = await client.call('updater.status', {});
    if (begun.installation === 'app') {
      if (json) printJson({ handedOver: true });
      else print('The desktop app installs it; look at its window.');
      return 0;
    }
    const changeId = begun.changeId ?? (await endedAtOnce(client, earlier));
    if (changeId !== null) await followHandover(client, changeId, json);
    return report(await outcomeOf(begun), json);
  } finally {
    client.close();
  }
}

/** The change of an update that failed before its state was asked, e.g. for a full disk; null when there is none. */
async function endedAtOnce(client: Client, earlier: ReadonlySet<string>): Promise<string | null> {
  const changes = await client.call('changes.list', {});
  return changes.find(({ id, kind }) => kind === 'updater.apply' && !earlier.has(id))?.id ?? null;
}

/** How the update ended; null when it left no word, because it was cancelled. */
const outcomeOf = ({ updateId }: UpdateStatus): Promise<UpdateOutcome | null> =>
  untilHandedOver(async (client) => {
    const now = await client.call('updater.status', {});
    if (now.updateId !== null) return undefined;
    return updateId === null || now.last?.id === updateId ? now.last : null;
  });

/** @param outcome null: it was cancelled before anything was switched */
function report(outcome: UpdateOutcome | null, json: boolean): number {
  if (outcome === null)
    throw new KojiboxError('CANCELLED', 'the update was cancelled', {
      detail: 'nothing was switched',
      source: 'cli',
    });
  if (outcome.error !== null) throw KojiboxError.fromBody(outcome.error);
  if (json) printJson(outcome);
  else
    print(`${paint('green', '✓')} Kojibox ${outcome.to} runs; it was ${outcome.from}. The services went on running.`);
  return 0;
}

function render({ installation, current, feed, checks, previous, phase, last, failed }: UpdateStatus): string {
  const line = (name: string, value: string): string => `${paint('dim', name.padEnd(14))} ${value}`;
  return [
    line('version', current),
    line('installation', installation),
    line('feed', describeFeed(feed)),
    ...describeChecks(checks).map((text, index) => line(index === 0 ? 'checked' : '', text)),
    line('previous', previous ?? '–'),
    line('phase', phase),
    line('last update', last === null ? '–' : `${last.from} → ${last.to}: ${last.outcome} (${last.endedAt})`),
    ...(last?.error === null || last === null ? [] : [line('', `${last.error.message}: ${last.error.detail}`)]),
    ...(failed.length === 0
      ? []
      : [
          '',
          renderTable(
            ['NOT OFFERED', 'WHY'],
            failed.map(({ version, reason }) => [version, reason]),
          ),
        ]),
  ].join('\n');
}

export const updateCommands: readonly Command[] = [apply, rollback, status, feedCommand, ...updateStartCommands];
