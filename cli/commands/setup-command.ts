/** koji setup: the steps of the first run, asked in a terminal or given as flags. */
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { CHOOSABLE_SERVICES, type FirstRunAnswers, type FirstRunStatus } from '../../contract/first-run.ts';
import { IMPORT_TOOLS } from '../../contract/importers.ts';
import { parseFlags, usage, type FlagValues } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { renderStatus } from '../render/status.ts';
import { applySetup } from './setup-apply.ts';
import { keepDataIn } from './setup-place.ts';
import { askEverything } from './setup-interview.ts';
import { isInteractive } from './setup-questions.ts';
import { offerTakeOver } from './take-over-command.ts';

type Given = Partial<FirstRunAnswers>;

export const setupCommand: Command = {
  words: ['setup'],
  usage:
    '[--data-folder PATH] [--preset NAME] [--services LIST] [--node] [--php V] [--port KEY=PORT] [--hosts] [--resolver] [--trust] [--import TOOL] [--yes]',
  group: 'stack',
  summary: 'Choose what Kojibox brings and how it fits in here; asks in a terminal, takes flags in scripts.',
  options: [
    ['--preset NAME', 'one of everything, standard, php-mariadb, php-postgres-redis, node-postgres'],
    ['--services LIST', `some of ${CHOOSABLE_SERVICES.join(',')}; the others are neither installed nor started`],
    ['--node', 'fetch Node now'],
    ['--php V', 'standard version of PHP, e.g. 8.4'],
    ['--node-version V', 'standard version of Node, e.g. 22'],
    ['--data-folder PATH', 'where Kojibox keeps its data: an empty folder, or a new one'],
    ['--projects PATH', 'where new projects go'],
    ['--port KEY=PORT', 'another port, e.g. postgres.db=5433; may be given several times'],
    ['--hosts', 'write the names into the hosts file'],
    ['--resolver', "have the system's resolver ask Kojibox for local names, so that wildcards work"],
    ['--trust', 'let browsers and programs trust the local authority'],
    ['--import TOOL', `take over the sites of ${IMPORT_TOOLS.join(', ')}; may be given several times`],
    ['--remove-unused', 'remove programs that are here and not wanted; data folders stay'],
    ['--yes', 'do not ask: what is not given stays as it is'],
  ],
  examples: ['setup', 'setup --preset php-mariadb --yes', 'setup --services postgres --node --yes --json'],
  flagValues: { import: IMPORT_TOOLS },
  access: 'admin',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      preset: { type: 'string' },
      services: { type: 'string' },
      node: { type: 'boolean' },
      php: { type: 'string' },
      'node-version': { type: 'string' },
      'data-folder': { type: 'string' },
      projects: { type: 'string' },
      port: { type: 'string', multiple: true },
      hosts: { type: 'boolean' },
      resolver: { type: 'boolean' },
      trust: { type: 'boolean' },
      import: { type: 'string', multiple: true },
      'remove-unused': { type: 'boolean' },
      yes: { type: 'boolean' },
    });
    if (positionals.length > 0) throw usage(`it takes no values: ${positionals.join(' ')}`);
    const asks = values['yes'] !== true && !json;
    if (asks && !isInteractive()) throw usage('it cannot ask you here: give --yes, and the flags of what you want');
    const folder = values['data-folder'];
    const client = await ensureDaemon();
    try {
      if (typeof folder === 'string') await keepDataIn(client, folder, json);
      const status = await client.call('firstRun.status', {});
      const given = await answersOf(client, status, values);
      if (asks) {
        if (!(await askEverything(client, status, given, folder === undefined))) return 0;
      } else await client.call('firstRun.answer', { step: 'install', answers: given });
      const change = await applySetup(client, json);
      const stack = await client.call('stack.status', {});
      if (json) printJson({ change, status: stack });
      else print(renderStatus(stack));
      if (asks) await offerServers(client);
      return 0;
    } finally {
      client.close();
    }
  },
};

/** Asked when everything runs: a password is used at once, and kept nowhere. */
async function offerServers(client: Client): Promise<void> {
  for (const program of await client.call('firstRun.programs', {}))
    if (program.offer === 'take-over') await offerTakeOver(client, program);
}

/** What the flags say. Throws VALIDATION_FAILED for what cannot be understood; the daemon judges the rest. */
async function answersOf(client: Client, status: FirstRunStatus, values: FlagValues): Promise<Given> {
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  const list = (name: string): string[] => (Array.isArray(values[name]) ? values[name].map(String) : []);
  const preset = status.presets.find(({ id }) => id === text('preset'));
  if (text('preset') !== undefined && preset === undefined)
    throw usage(`there is no preset "${text('preset') ?? ''}": ${status.presets.map(({ id }) => id).join(', ')}`);
  const named = text('services')?.split(',').filter(Boolean);
  const strange = named?.find((name) => !CHOOSABLE_SERVICES.some((known) => known === name));
  if (strange !== undefined) throw usage(`there is no service "${strange}": ${CHOOSABLE_SERVICES.join(', ')}`);
  const services = named === undefined ? preset?.services : CHOOSABLE_SERVICES.filter((known) => named.includes(known));
  const node = values['node'] === true ? true : preset?.node;
  const ports = Object.fromEntries(list('port').map(portOf));
  const imports: FirstRunAnswers['imports'] = [];
  for (const name of list('import')) {
    const tool = IMPORT_TOOLS.find((known) => known === name);
    if (tool === undefined) throw usage(`"${name}" is none of ${IMPORT_TOOLS.join(', ')}`);
    const { sites } = await client.call('imports.scan', { tool });
    imports.push({ tool, keys: sites.filter(({ problem }) => problem === null).map(({ key }) => key) });
  }
  return {
    ...(services === undefined ? {} : { services: [...services] }),
    ...(node === undefined ? {} : { node }),
    ...optional('phpVersion', text('php')),
    ...optional('nodeVersion', text('node-version')),
    ...optional('projectsFolder', text('projects')),
    ...(list('port').length === 0 ? {} : { ports }),
    ...(values['hosts'] === true ? { hosts: true } : {}),
    ...(values['resolver'] === true ? { resolver: true } : {}),
    ...(values['trust'] === true ? { trust: true } : {}),
    ...(values['remove-unused'] === true ? { removeUnused: true } : {}),
    ...(imports.length === 0 ? {} : { imports }),
  };
}

const optional = <K extends string>(name: K, value: string | undefined): { [N in K]?: string } =>
  value === undefined ? {} : ({ [name]: value } as { [N in K]: string });

function portOf(pair: string): [string, number] {
  const [, key, port] = /^([a-z0-9-]+\.[a-z0-9-]+)=(\d{1,5})$/.exec(pair) ?? [];
  if (key === undefined || port === undefined)
    throw new KojiboxError('VALIDATION_FAILED', 'cannot understand the command', {
      detail: `--port takes KEY=PORT, not "${pair}"`,
      source: 'cli',
      remedy: 'For example: --port postgres.db=5433',
    });
  return [key, Number(port)];
}
