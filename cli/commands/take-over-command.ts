/** koji db take-over: databases of a server that is here already, shown first, then copied. */
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { FoundProgram } from '../../contract/first-run.ts';
import {
  SERVER_KINDS,
  type ForeignDatabase,
  type ServerLogin,
  type ServerReport,
} from '../../contract/server-import.ts';
import { parseFlags, usage, type FlagValues } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { renderReport } from '../render/server-report.ts';
import { paint } from '../render/style.ts';
import { ask, askYes, isInteractive } from './setup-questions.ts';
import { enter, KIND_NAMES, kindOf, loginOf, readFirstLine, textOf } from './take-over-login.ts';

export const takeOverCommand: Command = {
  words: ['db', 'take-over'],
  usage: `[${SERVER_KINDS.join('|')}] [--host H] [--port N] [--socket PATH] [--user NAME] [--only DB[=NAME]] [--rename] [--dry-run] [--yes]`,
  group: 'databases',
  summary: 'Copy databases of a MySQL, MariaDB or PostgreSQL server into Kojibox; that server is only read.',
  options: [
    ['--host H', 'another machine; default: this one'],
    ['--port N', 'default: 5432 for PostgreSQL, 3306 for MySQL'],
    ['--socket PATH', 'its Unix socket, instead of host and port'],
    ['--user NAME', 'who logs in; default: you, where the server knows you without a password'],
    ['--password-stdin', 'read the password from the first line of the standard input'],
    ['--only DB[=NAME]', 'only this database, under another name if you like; may be given several times'],
    ['--rename', 'add a number to a name that is taken here, instead of refusing'],
    ['--engine ID', 'the service that takes them, where there are several'],
    ['--dry-run', 'only show what would become of each'],
    ['--yes', 'do not ask'],
  ],
  examples: [
    'db take-over',
    'db take-over mysql --user root --dry-run',
    'db take-over postgres --port 5433 --user me --password-stdin --only shop --yes < password.txt',
  ],
  positional: [SERVER_KINDS],
  access: 'operate',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      host: { type: 'string' },
      port: { type: 'string' },
      socket: { type: 'string' },
      user: { type: 'string' },
      'password-stdin': { type: 'boolean' },
      only: { type: 'string', multiple: true },
      rename: { type: 'boolean' },
      engine: { type: 'string' },
      'dry-run': { type: 'boolean' },
      yes: { type: 'boolean' },
    });
    const kind = SERVER_KINDS.find((known) => known === positionals[0]);
    if (positionals.length > 1 || (positionals.length === 1 && kind === undefined))
      throw usage(`name one of ${SERVER_KINDS.join(', ')}, not ${positionals.join(' ')}`);
    const asks = isInteractive() && values['yes'] !== true && !json;
    const dry = values['dry-run'] === true;
    if (!asks && !dry && values['yes'] !== true) throw usage('give --yes or --dry-run when it cannot ask you');
    const password = values['password-stdin'] === true ? await readFirstLine() : undefined;
    const client = await ensureDaemon();
    try {
      const login = loginOf(await kindOf(client, kind, asks), values, password);
      const { report, used } = await enter(client, login, textOf(values, 'engine'), asks);
      if (!json) print(renderReport(report));
      if (dry) {
        if (json) printJson(report);
        return report.problems.length === 0 ? 0 : 1;
      }
      return await takeOver(client, report, used, { values, asks, json });
    } finally {
      client.close();
    }
  },
};

/** For the setup: offers it for a server that was found running. A refusal of the login or of the import is told, and the setup goes on; Ctrl-C ends it. */
export async function offerTakeOver(client: Client, { name, port }: FoundProgram): Promise<void> {
  const kind = name === 'postgres' ? 'postgres' : 'mysql';
  if (
    !(await askYes(
      `Copy databases of the ${KIND_NAMES[kind]} at port ${port ?? ''} into Kojibox? It is only read.`,
      false,
    ))
  )
    return;
  try {
    const { report, used } = await enter(client, { kind, ...(port === null ? {} : { port }) }, undefined, true);
    print(renderReport(report));
    await takeOver(client, report, used, { values: {}, asks: true, json: false });
  } catch (error) {
    if (!(error instanceof KojiboxError) || error.code === 'CANCELLED') throw error;
    print(`${paint('yellow', '!')} ${error.message}: ${error.detail}`);
    print(`  ${error.remedy} Any time later: koji db take-over`);
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

interface Wishes {
  readonly values: FlagValues;
  readonly asks: boolean;
  readonly json: boolean;
}

async function takeOver(
  client: Client,
  report: ServerReport,
  login: ServerLogin,
  { values, asks, json }: Wishes,
): Promise<number> {
  const ready = report.databases.filter(({ problems }) => problems.length === 0);
  const only = (Array.isArray(values['only']) ? values['only'].map(String) : []).map(wishOf(report.databases));
  const [problem] = report.problems;
  if (problem !== undefined)
    throw new KojiboxError('UNAVAILABLE', 'cannot take over these databases', { detail: problem, source: 'cli' });
  const chosen = only.length > 0 ? only : asks ? await askWhich(ready) : ready.map(({ name }) => ({ name }));
  if (chosen.length === 0) {
    if (json) printJson({ imported: null, report });
    else print('Nothing was chosen, and nothing was done.');
    return 0;
  }
  const renames = values['rename'] === true || (asks && (await askRename(ready, chosen)));
  if (asks && !(await askYes(`Copy ${chosen.length === 1 ? 'it' : `these ${chosen.length}`} now?`, true))) return 0;
  const engine = report.engine?.id;
  const begun = await client.call('serverImport.start', {
    ...login,
    ...(engine === undefined ? {} : { engine }),
    databases: chosen,
    onConflict: renames ? 'rename' : 'refuse',
  });
  const change = await followChange(client, begun, json);
  const imported = (await client.call('serverImport.list', {})).at(-1) ?? null;
  if (json) printJson({ imported, change });
  else {
    for (const { from, name, tables, rows, remarks } of imported?.databases ?? []) {
      print(
        `${paint('green', '✓')} ${from === name ? name : `${from} → ${name}`}: ${counted(tables, 'table')}, ${counted(rows, 'row')}, the same on both sides`,
      );
      for (const remark of remarks) print(`  ${paint('dim', remark)}`);
    }
    print(`How to connect: koji db connection ${imported?.engine ?? ''} ${imported?.databases[0]?.name ?? ''}`);
    print(`Undo it with: koji db undo-import ${imported?.id ?? ''}`);
  }
  return 0;
}

/** `shop=blog`: the last `=` parts them, unless a database has that very name. */
const wishOf =
  (databases: readonly ForeignDatabase[]) =>
  (text: string): { name: string; target?: string } => {
    const at = text.lastIndexOf('=');
    if (at === -1 || databases.some(({ name }) => name === text)) return { name: text };
    return { name: text.slice(0, at), target: text.slice(at + 1) };
  };

async function askWhich(ready: readonly ForeignDatabase[]): Promise<{ name: string }[]> {
  if (ready.length === 0) return [];
  const numbers = await ask('Which of them? Numbers with commas', 'all', (text) =>
    text === 'all' ||
    text.split(',').every((one) => /^\s*\d+\s*$/.test(one) && Number(one) >= 1 && Number(one) <= ready.length)
      ? null
      : `Numbers from 1 to ${ready.length}, or "all".`,
  );
  const picked = numbers === 'all' ? ready : numbers.split(',').flatMap((one) => ready[Number(one) - 1] ?? []);
  return [...new Set(picked)].map(({ name }) => ({ name }));
}
async function askRename(
  ready: readonly ForeignDatabase[],
  chosen: readonly { readonly name: string }[],
): Promise<boolean> {
  const taken = ready.filter(({ name, taken: isTaken }) => isTaken && chosen.some((one) => one.name === name));
  if (taken.length === 0) return false;
  return askYes(`These names are taken here. Use ${taken.map(({ target }) => target).join(', ')} instead?`, true);
}
