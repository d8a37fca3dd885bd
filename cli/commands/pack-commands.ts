/** koji pack create, inspect, install. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Client } from '../../client/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { PackInfo } from '../../contract/packs.ts';
import { quoteForSh } from '../../contract/shell-init.ts';
import { parseFlags, usage, type FlagTypes, type FlagValues } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { paint } from '../render/style.ts';

const textOf = (values: FlagValues, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** The one file that is named, as an absolute path: the daemon has another working folder. */
function fileOf(argv: readonly string[], flags: FlagTypes): { path: string; values: FlagValues } {
  const { values, positionals } = parseFlags(argv, flags);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw usage('give the path of one .kojipack file');
  return { path: resolve(file), values };
}

async function withDaemon(work: (client: Client) => Promise<number>): Promise<number> {
  const client = await ensureDaemon();
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

const create: Command = {
  words: ['pack', 'create'],
  usage: '[--runtimes NAME@VERSION,…] [-o FILE]',
  group: 'runtimes',
  summary: 'Put runtimes into one signed file, for machines without a network.',
  options: [
    ['--runtimes NAME@VERSION,…', 'what goes in; without it: all that is installed and what the projects need'],
    ['-o, --output FILE', 'where to write it; default: kojibox.kojipack'],
    ['--name TEXT', 'what it is called; default: the name of the file'],
  ],
  examples: ['pack create', 'pack create --runtimes php@8.4,postgres@17 -o stack.kojipack'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      runtimes: { type: 'string', multiple: true },
      output: { type: 'string', short: 'o' },
      name: { type: 'string' },
    });
    if (positionals.length > 0) throw usage(`name runtimes with --runtimes, not ${positionals.join(' ')}`);
    const given = values['runtimes'];
    const runtimes = (Array.isArray(given) ? given : [])
      .flatMap((text) => String(text).split(','))
      .map((text) => text.trim())
      .filter((text) => text !== '');
    if (given !== undefined && runtimes.length === 0) throw usage('--runtimes names none');
    const output = textOf(values, 'output') ?? 'kojibox.kojipack';
    const path = resolve(output.endsWith('.kojipack') ? output : `${output}.kojipack`);
    const name = textOf(values, 'name');
    return withDaemon(async (client) => {
      const begun = await client.call('packs.create', {
        path,
        ...(runtimes.length === 0 ? {} : { runtimes }),
        ...(name === undefined ? {} : { name }),
      });
      const change = await followChange(client, begun, json);
      const [own] = await client.call('packs.keys', {});
      const fingerprint = own?.fingerprint ?? '';
      if (json) printJson({ path, size: statSync(path).size, fingerprint, change });
      else {
        print(`${paint('green', '✓')} ${path}, ${megabytes(statSync(path).size)}`);
        print(`  Signed with the key of this machine: ${fingerprint}`);
        print(
          `  On the other machine: koji pack install ${/^[\w@%+=:,./-]+$/.test(output) ? output : quoteForSh(output)} --trust-key ${fingerprint}`,
        );
      }
      return 0;
    });
  },
};

const inspect: Command = {
  words: ['pack', 'inspect'],
  usage: 'FILE',
  group: 'runtimes',
  summary: 'Show what a pack holds, who signed it, and whether it is whole.',
  examples: ['pack inspect stack.kojipack'],
  async run({ argv, json }) {
    const { path } = fileOf(argv, {});
    return withDaemon(async (client) => {
      const info = await client.call('packs.inspect', { path });
      if (json) printJson(info);
      else print(describe(info));
      return info.refusals.length === 0 ? 0 : 1;
    });
  },
};

const install: Command = {
  words: ['pack', 'install'],
  usage: 'FILE [--trust-key FINGERPRINT]',
  group: 'runtimes',
  summary: 'Verify a pack as a whole and install its runtimes, without a network.',
  options: [
    ['--trust-key FINGERPRINT', 'accept packs of this key from now on; compare it with `koji pack keys` there'],
  ],
  examples: ['pack install stack.kojipack'],
  async run({ argv, json }) {
    const { path, values } = fileOf(argv, { 'trust-key': { type: 'string' } });
    return withDaemon(async (client) => {
      const trustKey = textOf(values, 'trust-key') ?? (json ? undefined : await askForTrust(client, path));
      const begun = await client.call('packs.install', { path, ...(trustKey === undefined ? {} : { trustKey }) });
      const change = await followChange(client, begun, json);
      if (json) printJson(change);
      else for (const { label, detail } of change.tasks.slice(1)) print(`${paint('green', '✓')} ${label}: ${detail}`);
      return 0;
    });
  },
};

/** At a terminal a person may look at the key and accept it; elsewhere the flag is needed. */
async function askForTrust(client: Client, path: string): Promise<string | undefined> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const info = await client.call('packs.inspect', { path });
  if (info.trust !== 'unknown' || info.refusals.length > 0) return undefined;
  print(describe(info));
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Accept this key? Its programs will run on this machine. Type "yes": ');
  terminal.close();
  if (answer.trim() === 'yes') return info.signer.fingerprint;
  throw new KojiboxError('CANCELLED', 'nothing was installed', { source: 'cli' });
}

const TRUST: Readonly<Record<PackInfo['trust'], string>> = {
  own: 'the key of this machine',
  known: 'accepted before',
  unknown: 'not known here: compare it with `koji pack keys` on the machine that made it',
};

function describe(info: PackInfo): string {
  const { platform } = info;
  const system = [platform.os, platform.arch, platform.distribution, platform.codename].filter((part) => part !== null);
  return [
    `${info.name}: ${megabytes(info.size)}, ${info.fileCount} files, every one as it was signed`,
    `  made      ${info.createdAt} by Kojibox ${info.madeBy}, for ${system.join(' ')}`,
    `  signed by ${info.signer.name}, ${info.signer.fingerprint}`,
    `            ${TRUST[info.trust]}`,
    ...info.runtimes.map(
      ({ name, series, version, size, installed }) =>
        `  ${`${name} ${series}`.padEnd(20)} ${version.padEnd(12)} ${megabytes(size).padStart(9)}${installed ? '  installed here' : ''}`,
    ),
    ...info.refusals.flatMap(({ code, detail, remedy }) => [`${paint('red', '✗')} ${detail} (${code})`, `  ${remedy}`]),
  ].join('\n');
}

export const packCommands: readonly Command[] = [create, inspect, install];
