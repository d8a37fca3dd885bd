/** Commands whose work may need administrator rights: they ask for them in the terminal first, then do as they always do. */
import { PrivilegedGoalSchema } from '../../contract/privileged.ts';
import { reachWithRights, type Goal } from '../ask-for-rights.ts';
import { print, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { renderTrustStores } from '../render/trust-stores.ts';
import { operationCommands } from './operation-commands.ts';
import type { Client } from '../../client/index.ts';

type GoalsOf = (client: Client, argv?: readonly string[]) => Promise<readonly Goal[]>;

/** What was added to the store of the system, to be taken back. */
const trustInSystem: GoalsOf = async (client) =>
  (await client.call('ledger.list', {}))
    .filter(({ kind, undoneAt }) => kind === 'trust-system' && undoneAt === null)
    .map(({ id }) => ({ goal: 'undo', id }));

const GOALS: Readonly<Record<string, GoalsOf>> = {
  'domains apply': async () => [{ goal: 'hosts' }],
  'domains resolver on': async () => [{ goal: 'resolver' }],
  'domains resolver off': async (client) =>
    (await client.call('ledger.list', {}))
      .filter(({ kind, undoneAt }) => kind === 'resolver' && undoneAt === null)
      .map(({ id }) => ({ goal: 'undo', id })),
  'certs trust': async () => [{ goal: 'trust' }],
  'certs untrust': (client) => trustInSystem(client),
  'certs renew': (client) => trustInSystem(client),
  undo: async (_client, [id] = []) => [{ goal: 'undo', ...(id === undefined ? {} : { id }) }],
  privileged: async (_client, [name] = []) => {
    const goal = PrivilegedGoalSchema.safeParse(name);
    return goal.success ? [{ goal: goal.data }] : []; // The operation itself says what is wrong.
  },
};

/** The command as it is, or with the question before it. */
export function askForRights(command: Command): Command {
  const goalsOf = GOALS[command.words.join(' ')];
  if (goalsOf === undefined) return command;
  return {
    ...command,
    async run(context) {
      const client = await ensureDaemon();
      try {
        for (const goal of await goalsOf(client, context.argv)) await reachWithRights(client, goal);
      } finally {
        client.close();
      }
      return command.run(context);
    },
  };
}

export const trustCommand: Command = {
  words: ['trust'],
  usage: '',
  group: 'names',
  summary: 'Trust the local authority in every store: the system (asks for your password), Chromium, Firefox.',
  examples: ['trust'],
  async run({ json }) {
    const trust = operationCommands.find(({ words }) => words.join(' ') === 'certs trust');
    // The authority is one for all names; the name only has to be a local one.
    if (trust === undefined) return 1;
    const code = await askForRights(trust).run({ argv: ['hello.test'], json });
    if (json || code !== 0) return code;
    const client = await ensureDaemon();
    try {
      print(renderTrustStores(await client.call('certs.stores', {})));
    } finally {
      client.close();
    }
    return code;
  },
};
