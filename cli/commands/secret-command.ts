/** koji secrets set: the value is typed unseen or comes from a pipe, never from the command line, which every user of the machine can read. */
import { text } from 'node:stream/consumers';
import { operationByName } from '../../contract/index.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { askHidden, isInteractive } from './setup-questions.ts';

const SCOPES = ['app', 'project', 'service'] as const;

export const secretCommand: Command = {
  words: ['secrets', 'set'],
  usage: 'KEY SCOPE [--owner ID]',
  group: 'services',
  summary: 'Keep a secret for ${secret:KEY} in settings; its value is asked for, or read from a pipe.',
  options: [
    ['SCOPE', `one of ${SCOPES.join(', ')}; app: every project and service may use it`],
    ['--owner ID', 'the project or service that alone may use it; needed for these scopes'],
  ],
  examples: ['secrets set stripe-key project --owner shop', 'secrets set stripe-key project --owner shop < key.txt'],
  positional: [null, SCOPES],
  flagValues: { owner: 'projects' },
  access: 'admin',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, { owner: { type: 'string' } });
    const [key = '', scope = '', ...others] = positionals;
    const owner = typeof values['owner'] === 'string' ? values['owner'] : undefined;
    if (others.length > 0) throw usage('the value is asked for, or read from a pipe: it is not given here');
    if (scope !== 'app' && owner === undefined) throw usage(`--owner names the ${scope} that may use it`);
    if (scope === 'app' && owner !== undefined) throw usage('a secret of the app has no owner');
    const params = { key, scope: SCOPES.find((known) => known === scope), owner, value: '' };
    // Before anything is asked: a key that cannot be kept.
    const checked = operationByName.get('secrets.set')?.input.safeParse(params);
    if (params.scope === undefined || checked?.success !== true)
      throw usage('it takes a key of a-z, 0-9, dot and hyphen, and app, project or service');
    const value = isInteractive()
      ? await askHidden(`Value of ${key}`)
      : (await text(process.stdin)).replace(/\r?\n$/, '');
    if (value === '') throw usage('the value is empty');
    const client = await ensureDaemon();
    try {
      const result = await client.call('secrets.set', { key, scope: params.scope, owner, value });
      if (json) printJson(result);
      else print(`Kept. Use it as \${secret:${key}}${owner === undefined ? '' : ` in the settings of ${owner}`}.`);
      return 0;
    } finally {
      client.close();
    }
  },
};
