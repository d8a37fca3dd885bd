/** up, down, status, open: the whole stack at once. */
import { KojiboxError } from '../../contract/errors.ts';
import type { Client } from '../../client/index.ts';
import { ACCESS_LEVELS } from '../../contract/define.ts';
import { noArguments, parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon, findDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { isServing } from '../is-serving.ts';
import { offerInstall } from '../offer-install.ts';
import { pageLink, statusWithLink } from '../page-link.ts';
import { printError } from '../render/error.ts';
import { renderStatus } from '../render/status.ts';
import { openWindow } from '../window.ts';

const up: Command = {
  words: ['up'],
  usage: '',
  group: 'stack',
  summary:
    'Install what is missing, start everything, and serve the projects. Exit code 1 when not everything is ready.',
  examples: ['up', 'up --json'],
  async run({ argv, json }) {
    noArguments(argv);
    const client = await ensureDaemon();
    try {
      // Who works here does not want to be asked in the window later.
      await client.call('firstRun.skip', { untouched: true });
      await offerInstall(client, { quiet: json });
      const error = await bringUp(client, json);
      const status = await statusWithLink(client);
      if (json) printJson(error === null ? status : { ...status, error: error.toBody(new Date().toISOString()) });
      else print(renderStatus(status));
      return error === null ? 0 : 1;
    } finally {
      client.close();
    }
  },
};

/** @returns what could not be had or started: all the rest runs. Rejects when nothing can be served. */
async function bringUp(client: Client, json: boolean): Promise<KojiboxError | null> {
  try {
    await followChange(client, await client.call('stack.up', {}), json);
    return null;
  } catch (error) {
    if (!(error instanceof KojiboxError) || error.code === 'CANCELLED' || !(await isServing(client))) throw error;
    if (!json) printError(error, false);
    return error;
  }
}

const down: Command = {
  words: ['down'],
  usage: '',
  group: 'stack',
  summary: 'Stop all services in the reverse order of their dependencies; the daemon stays.',
  examples: ['down'],
  async run({ argv, json }) {
    noArguments(argv);
    const client = await findDaemon();
    if (client === null) {
      if (json) printJson({ status: 'done' });
      else print('Nothing is running.');
      return 0;
    }
    try {
      const change = await followChange(client, await client.call('stack.down', {}), json);
      if (json) printJson(change);
      return 0;
    } finally {
      client.close();
    }
  },
};

const status: Command = {
  words: ['status'],
  usage: '',
  group: 'stack',
  summary: 'Show services, sites and links. Exit code 1 when not everything is ready.',
  examples: ['status', 'status --json'],
  async run({ argv, json }) {
    noArguments(argv);
    const client = await findDaemon();
    if (client === null) {
      const error = new KojiboxError('DAEMON_UNREACHABLE', 'Kojibox is not running', {
        source: 'cli',
        remedy: 'Run `koji up` to start it.',
      });
      if (!json) throw error;
      printJson({
        ready: false,
        services: [],
        sites: [],
        uiUrl: '',
        notices: [],
        error: error.toBody(new Date().toISOString()),
      });
      return 5;
    }
    try {
      const result = await statusWithLink(client);
      if (json) printJson(result);
      else print(renderStatus(result));
      return result.ready ? 0 : 1;
    } finally {
      client.close();
    }
  },
};

const open: Command = {
  words: ['open'],
  usage: '[PROJECT] [--allow LEVEL] [--print]',
  group: 'stack',
  summary: 'Open the Kojibox window, or a project in the browser.',
  options: [
    ['--allow', `what the window may do: ${ACCESS_LEVELS.join(', ')} (default: admin)`],
    ['--print', 'only print the link'],
  ],
  positional: ['projects'],
  examples: ['open', 'open hello', 'open --print', 'open --allow read --print'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, { print: { type: 'boolean' }, allow: { type: 'string' } });
    const allow = ACCESS_LEVELS.find((level) => level === (values['allow'] ?? 'admin'));
    if (allow === undefined) throw usage(`--allow takes one of: ${ACCESS_LEVELS.join(', ')}`);
    const client = await ensureDaemon();
    try {
      const { sites } = await client.call('stack.status', {});
      const wanted = positionals[0];
      const site = sites.find(({ projectId }) => projectId === wanted);
      if (wanted !== undefined && site === undefined) {
        throw new KojiboxError('NOT_FOUND', `there is no project "${wanted}"`, {
          detail: `projects: ${sites.map(({ projectId }) => projectId).join(', ') || 'none'}`,
          source: 'cli',
        });
      }
      const link = site === undefined ? await pageLink(client, allow) : { opened: site.url, shown: site.url };
      if (json) printJson({ url: link.shown });
      else if (values['print'] === true) print(link.shown);
      else print((await openWindow(link, site === undefined ? 'app' : 'tab')).message);
      return 0;
    } finally {
      client.close();
    }
  },
};

export const stackCommands: readonly Command[] = [up, down, status, open];
