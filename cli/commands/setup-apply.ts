/** Putting the answers of the first run into effect: in a terminal, what needs administrator rights is asked for there when the rest is done. */
import type { Client } from '../../client/index.ts';
import type { Change } from '../../contract/changes.ts';
import type { InputOf } from '../../contract/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { operations } from '../../contract/index.ts';
import { parseOperationArguments } from '../arguments.ts';
import { canAskForRights, withoutInterrupt } from '../ask-for-rights.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { renderValue } from '../render/value.ts';
import { reachConsents } from './setup-rights.ts';

type Rights = InputOf<'firstRun.apply'>['rights'];

/** @param rights left out: this terminal asks, or the daemon where there is none */
export async function applySetup(client: Client, json: boolean, rights?: Rights): Promise<Change> {
  const { answers } = await client.call('firstRun.status', {});
  const who = rights ?? (canAskForRights() ? 'client' : 'daemon');
  const asks = who === 'client' && canAskForRights();
  const askForRights = async (): Promise<void> => {
    if (asks) await withoutInterrupt(() => reachConsents(client, answers));
  };
  const begun = await client.call('firstRun.apply', { rights: who });
  let change: Change;
  try {
    change = await followChange(client, begun, json);
  } catch (error) {
    // What could not be had costs itself: the names and the trust are for all the others.
    if (error instanceof KojiboxError && error.code !== 'CANCELLED') await askForRights();
    throw error;
  }
  await askForRights();
  return change;
}

/** The derived command as it is, or, for `setup apply`, with the question after it. */
export function askAfterSetup(command: Command): Command {
  const operation = operations.find(({ name }) => name === 'firstRun.apply');
  if (operation === undefined || command.words.join(' ') !== 'setup apply') return command;
  return {
    ...command,
    async run({ argv, json }) {
      const { rights } = parseOperationArguments(operation, argv) as { rights?: Rights };
      const client = await ensureDaemon();
      try {
        const change = await applySetup(client, json, rights);
        if (json) printJson(change);
        else print(renderValue(operation.name, change));
        return 0;
      } finally {
        client.close();
      }
    },
  };
}
