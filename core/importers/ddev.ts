/**
 * DDEV. Format (ddev/ddev: docs "Config Options", pkg/globalconfig): `.ddev/config.yaml` of a project has `name`, `type`, `docroot`, `php_version`,
 * `nodejs_version`, `database: {type, version}`, `additional_hostnames`, `additional_fqdns`, `project_tld`; `~/.ddev/project_list.yaml` (before 1.23:
 * `project_info` of `global_config.yaml`) has the `approot` of each project by its name. `config.*.yaml` override it, `config.local.yaml` last.
 */
import { basename, join } from 'node:path';
import type { FileSystem } from '../system/files.ts';
import { phpSeries, site, type FoundSite, type Importer } from './importer.ts';
import { listFolder, readSettings } from './read-file.ts';
import { parseYaml, readYamlKeys, type Yaml } from './yaml.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

const KEYS = [
  'name',
  'type',
  'docroot',
  'php_version',
  'nodejs_version',
  'database',
  'additional_hostnames',
  'additional_fqdns',
  'project_tld',
];
/** Types that are no PHP: DDEV runs them by commands of their own. */
const OTHER = /^(django\d*|python|generic)$/;

export const ddev: Importer = {
  tool: 'ddev',
  places: (home) => [join(home, '.ddev'), join(home, '.config/ddev')],

  async read(files, place) {
    const warnings: Sentence[] = [];
    const warn = (text: Sentence): void => void warnings.push(text);
    const own = await readProject(files, place, null);
    if (own !== null) return { place, sites: [own], warnings };
    const list = await readSettings(files, join(place, 'project_list.yaml'), warn);
    const global = await readSettings(files, join(place, 'global_config.yaml'), warn);
    if (list === null && global === null) return null;
    const projects = { ...approotsOf(global ?? '', 'project_info', warn), ...approotsOf(list ?? '', null, warn) };
    const sites: FoundSite[] = [];
    for (const [name, approot] of Object.entries(projects))
      sites.push(
        (await readProject(files, approot, name)) ??
          site({
            name,
            path: approot,
            source: join(place, 'project_list.yaml'),
            warnings: [sayImport('noDdevConfig')],
          }),
      );
    return { place, sites, warnings };
  },
};

/** Folders of projects by name. */
export function approotsOf(text: string, below: string | null, warn: (text: Sentence) => void): Record<string, string> {
  let map: Yaml;
  try {
    if (below === null) map = parseYaml(text);
    else {
      const { values, warnings } = readYamlKeys(text, [below]);
      for (const warning of warnings) warn(sayImport('notReadWhole', { file: 'global_config.yaml', problem: warning }));
      map = values.get(below) ?? null;
    }
  } catch (error) {
    warn(
      sayImport('cannotRead', {
        path: 'project_list.yaml',
        reason: error instanceof Error ? error.message : String(error),
      }),
    );
    return {};
  }
  if (!isMap(map)) return {};
  return Object.fromEntries(
    Object.entries(map).flatMap(([name, info]) => {
      const approot = isMap(info) ? info['approot'] : undefined;
      return typeof approot === 'string' && approot.startsWith('/') ? [[name, approot]] : [];
    }),
  );
}

async function readProject(files: FileSystem, folder: string, name: string | null): Promise<FoundSite | null> {
  const warnings: Sentence[] = [];
  const configFolder = join(folder, '.ddev');
  const source = join(configFolder, 'config.yaml');
  const text = await readSettings(files, source, (warning) => void warnings.push(warning));
  if (text === null) return null;
  const overrides: string[] = [];
  for (const file of await listFolder(files, configFolder, () => undefined))
    if (/^config\.[^.].*\.ya?ml$/.test(file) && file !== 'config.yaml')
      overrides.push((await readSettings(files, join(configFolder, file), () => undefined)) ?? '');
  const found = parseDdevConfig([text, ...overrides], { folder, name, source });
  return { ...found, warnings: [...warnings, ...found.warnings] };
}

/** @param texts config.yaml first, what overrides it after; never throws */
export function parseDdevConfig(
  texts: readonly string[],
  about: { readonly folder: string; readonly name: string | null; readonly source: string },
): FoundSite {
  const values = new Map<string, Yaml>();
  const warnings: Sentence[] = [];
  for (const text of texts) {
    const read = readYamlKeys(text, KEYS);
    for (const [key, value] of read.values) values.set(key, value);
    warnings.push(...read.warnings);
  }
  const word = (key: string): string => {
    const value = values.get(key);
    return typeof value === 'string' ? value : '';
  };
  const words = (key: string): string[] => {
    const value = values.get(key);
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string' && item !== '') : [];
  };
  const name = word('name') || about.name || basename(about.folder);
  const tld = word('project_tld') || 'ddev.site';
  const database = values.get('database') ?? null;
  const engine = isMap(database)
    ? [database['type'], database['version']].filter((item) => typeof item === 'string').join(' ')
    : '';
  const docroot = word('docroot').replace(/^\/+|\/+$/g, '');
  const inside = docroot !== '' && docroot !== '.' && !docroot.split('/').includes('..');
  return site({
    name,
    domain: `${name}.${tld}`,
    aliases: [
      ...words('additional_hostnames')
        .filter((host) => !host.includes('*'))
        .map((host) => `${host}.${tld}`),
      ...words('additional_fqdns'),
    ],
    path: about.folder,
    documentRoot: inside ? join(about.folder, docroot) : null,
    phpVersion: OTHER.test(word('type')) ? null : phpSeries(word('php_version')),
    nodeVersion: /^\d+/.exec(word('nodejs_version'))?.[0] ?? null,
    databases: engine === '' ? [] : [engine],
    warnings: [
      ...warnings,
      ...(engine === '' ? [] : [sayImport('ddevDatabase')]),
      ...(OTHER.test(word('type')) ? [sayImport('ddevType', { type: word('type') })] : []),
      ...words('additional_hostnames')
        .filter((host) => host.includes('*'))
        .map((host) => sayImport('notOneByOne', { name: host })),
    ],
    source: about.source,
  });
}

const isMap = (value: Yaml): value is { readonly [key: string]: Yaml } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
