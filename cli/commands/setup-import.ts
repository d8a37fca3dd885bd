/** koji import: sites of other tools, shown first, then taken over. */
import { resolve } from 'node:path';
import { IMPORT_TOOLS, type ImportCandidate, type ImportScan, type ImportTool } from '../../contract/importers.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { ensureDaemon } from '../daemon-process.ts';
import { followChange } from '../follow-change.ts';
import { paint, renderTable } from '../render/style.ts';
import { askYes, isInteractive } from './setup-questions.ts';

export const importCommand: Command = {
  words: ['import'],
  usage: `[${IMPORT_TOOLS.join('|')}] [PATH] [--only KEY] [--dry-run] [--yes]`,
  group: 'projects',
  summary: 'Take over sites of other local stacks; their files are neither moved nor changed.',
  options: [
    ['--dry-run', 'only show what would be created'],
    ['--only KEY', 'only this site, as the list names it; may be given several times'],
    ['--yes', 'do not ask'],
  ],
  examples: ['import --dry-run', 'import valet', 'import laragon /mnt/d/laragon --yes', 'import ddev ~/code/shop'],
  positional: [IMPORT_TOOLS, 'folders'],
  access: 'operate',
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, {
      'dry-run': { type: 'boolean' },
      yes: { type: 'boolean' },
      only: { type: 'string', multiple: true },
    });
    const where = whereOf(positionals);
    const dry = values['dry-run'] === true;
    if (!dry && values['yes'] !== true && !isInteractive())
      throw usage('give --yes or --dry-run when it cannot ask you');
    const client = await ensureDaemon();
    try {
      const scan = await client.call('imports.scan', where);
      if (dry) {
        if (json) printJson(scan);
        else print(renderScan(scan));
        return 0;
      }
      const only = Array.isArray(values['only']) ? values['only'].map(String) : undefined;
      const chosen = scan.sites.filter(({ key, problem }) => only?.includes(key) ?? problem === null);
      if (!json) print(renderScan(scan));
      if (chosen.length === 0 && only === undefined) {
        if (json) printJson({ imported: null, scan });
        return 0;
      }
      if (values['yes'] !== true && !(await askYes(`Create ${chosen.length} of them?`, true))) return 0;
      await followChange(
        client,
        await client.call('imports.apply', { ...where, keys: only ?? chosen.map(({ key }) => key) }),
        json,
      );
      const imported = (await client.call('imports.list', {})).at(-1) ?? null;
      if (json) printJson({ imported, scan });
      else print(`${paint('green', '✓')} Done. Undo it with: koji import undo ${imported?.id ?? ''}`);
      return 0;
    } finally {
      client.close();
    }
  },
};

function whereOf(positionals: readonly string[]): { tool?: ImportTool; path?: string } {
  if (positionals.length > 2) throw usage(`too many values: ${positionals.slice(2).join(' ')}`);
  const tool = IMPORT_TOOLS.find((known) => known === positionals[0]);
  const path = tool === undefined ? positionals[0] : positionals[1];
  if (tool === undefined && positionals.length > 1)
    throw usage(`"${positionals[0] ?? ''}" is none of ${IMPORT_TOOLS.join(', ')}`);
  return { ...(tool === undefined ? {} : { tool }), ...(path === undefined ? {} : { path: resolve(path) }) };
}

export function renderScan({ sources, sites }: ImportScan): string {
  if (sources.length === 0)
    return 'No other local stack was found. Name its folder: koji import laragon /mnt/d/laragon';
  return [
    ...sources.flatMap(({ tool, place, sites: count, warnings }) => [
      `${paint('bold', tool)} ${paint('dim', place)}: ${count === 1 ? '1 site' : `${count} sites`}`,
      ...warnings.map((warning) => `  ${paint('yellow', '!')} ${warning}`),
    ]),
    '',
    ...(sites.length === 0
      ? []
      : [renderTable(['', 'SITE', 'DOMAIN', 'WHAT', 'FOLDER'], sites.map(siteRow)), ...sites.flatMap(remarks)]),
  ].join('\n');
}

const siteRow = ({ key, problem, project, framework }: ImportCandidate): string[] => [
  problem === null ? paint('green', '+') : paint('dim', '–'),
  key,
  project.domain,
  [framework || project.stack, project.overrides['PHP_VERSION'] ?? project.overrides['NODE_VERSION'] ?? '']
    .filter(Boolean)
    .join(' '),
  project.overrides['TARGET'] ?? project.path,
];

const remarks = ({ key, reason, warnings, databases }: ImportCandidate): string[] =>
  [
    ...(reason === '' ? [] : [`left out: ${reason}`]),
    ...warnings,
    ...(databases.length === 0 ? [] : [`uses ${databases.join(', ')}; copy its data with: koji db take-over`]),
  ].map((text) => `  ${paint('dim', key)} ${text}`);
