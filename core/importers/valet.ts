/**
 * Laravel Valet and Herd, which share one format (laravel/valet: Configuration.php, Site.php, cli/stubs): `config.json` with `tld` (`domain` in
 * old versions) and `paths`; each folder of a path is a site; `Sites` holds links; `Nginx/<domain>` (with `.conf` on Windows) begins with
 * `# ISOLATED_PHP_VERSION=` where a site has its own PHP, and has `proxy_pass` where it is a proxy; `.valetrc` of a project may say `php=php@8.3`.
 * Herd adds `herd.yml` to a project: `name`, `php`, `aliases`.
 */
import { join } from 'node:path';
import type { ImportTool } from '../../contract/importers.ts';
import type { FileSystem } from '../system/files.ts';
import { localPath } from './foreign-path.ts';
import { phpSeries, site, type FoundSite, type FoundTool, type Importer } from './importer.ts';
import { foldersIn, listFolder, readSettings } from './read-file.ts';
import { readYamlKeys } from './yaml.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

type Warn = (text: Sentence) => void;
interface Config {
  readonly tld: string;
  readonly paths: readonly string[];
}
interface NginxSite {
  readonly php: string | null;
  readonly target: string | null;
  readonly file: string;
}

export const valet = importerFor('valet', (home) => [join(home, '.config/valet'), join(home, '.valet')]);
export const herd = importerFor('herd', (home) => [
  join(home, 'Library/Application Support/Herd/config/valet'),
  join(home, '.config/herd/config/valet'),
]);

function importerFor(tool: ImportTool, places: Importer['places']): Importer {
  return { tool, places, read: (files, place) => read(files, place, tool) };
}

async function read(files: FileSystem, given: string, tool: ImportTool): Promise<FoundTool | null> {
  const warnings: Sentence[] = [];
  const warn: Warn = (text) => void warnings.push(text);
  let place = given;
  let text = await readSettings(files, join(place, 'config.json'), warn);
  // Someone may name the folder above it.
  for (const below of ['config/valet', '.config/valet']) {
    if (text !== null) break;
    place = join(given, below);
    text = await readSettings(files, join(place, 'config.json'), warn);
  }
  if (text === null || (tool === 'herd') !== /\/herd\//i.test(place)) return null;
  const config = parseValetConfig(text);
  if (config === null)
    return { place, sites: [], warnings: [...warnings, sayImport('notJson', { file: join(place, 'config.json') })] };

  const nginx = await readNginx(files, join(place, 'Nginx'), warn);
  const sites = new Map<string, FoundSite>();
  const add = async (name: string, path: string, source: string): Promise<void> => {
    if (sites.has(name)) return;
    const own = nginx.get(`${name}.${config.tld}`);
    sites.set(name, await describe(files, { name, path, source, tld: config.tld, php: own?.php ?? null }));
  };
  // A link wins over a folder of the same name, as Valet has it.
  const links = join(place, 'Sites');
  for (const link of await foldersIn(files, links, warn)) await add(link.name, link.path, links);
  for (const name of await listFolder(files, links, () => undefined))
    if (!sites.has(name) && !name.startsWith('.'))
      sites.set(name, site({ name, domain: `${name}.${config.tld}`, path: join(links, name), source: links }));
  for (const written of config.paths) {
    const path = await localPath(files, written, null, place);
    if (path === links) continue;
    const real = await files.realPath(path).catch(() => null);
    if (real === null) warn(sayImport('parkedNotThere', { path: written }));
    for (const folder of await foldersIn(files, path, warn)) await add(folder.name, folder.path, path);
  }
  for (const [domain, { target, file }] of nginx) {
    const name = domain.endsWith(`.${config.tld}`) ? domain.slice(0, -config.tld.length - 1) : domain;
    if (target !== null) sites.set(name, site({ name, domain, target, source: file }));
  }
  return { place, sites: [...sites.values()], warnings };
}

/** @returns null when it is no JSON object; what has the wrong form is left out */
export function parseValetConfig(text: string): Config | null {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return null; // The caller says so.
  }
  if (typeof value !== 'object' || value === null) return null;
  const { tld, domain, paths } = value as Record<string, unknown>;
  const chosen = [tld, domain].find((item): item is string => typeof item === 'string' && item !== '') ?? 'test';
  return {
    tld: chosen.replace(/^\./, ''),
    paths: Array.isArray(paths) ? paths.filter((item): item is string => typeof item === 'string' && item !== '') : [],
  };
}

/** What one of Valet's files for nginx says of its site. */
export function parseValetNginx(text: string): { readonly php: string | null; readonly target: string | null } {
  const php = /^\s*#\s*ISOLATED_PHP_VERSION=(\S+)/m.exec(text)?.[1];
  const target = /^\s*proxy_pass\s+(https?:\/\/[^\s;]+);/m.exec(text)?.[1];
  return { php: php === undefined ? null : phpSeries(php), target: target ?? null };
}

async function readNginx(files: FileSystem, folder: string, warn: Warn): Promise<Map<string, NginxSite>> {
  const found = new Map<string, NginxSite>();
  for (const name of await listFolder(files, folder, warn)) {
    if (name.startsWith('.')) continue;
    const file = join(folder, name);
    const text = await readSettings(files, file, warn);
    if (text !== null) found.set(name.replace(/\.conf$/, ''), { ...parseValetNginx(text), file });
  }
  return found;
}

async function describe(
  files: FileSystem,
  found: { name: string; path: string; source: string; tld: string; php: string | null },
): Promise<FoundSite> {
  const warnings: Sentence[] = [];
  const { name, path, tld } = found;
  const rc = (await readSettings(files, join(path, '.valetrc'), () => undefined)) ?? '';
  const yaml = await readSettings(files, join(path, 'herd.yml'), () => undefined);
  const herdFile = readYamlKeys(yaml ?? '', ['php', 'aliases']);
  for (const warning of herdFile.warnings)
    warnings.push(sayImport('notReadWhole', { file: 'herd.yml', problem: warning }));
  const php = herdFile.values.get('php');
  const aliases = herdFile.values.get('aliases');
  return site({
    name,
    domain: `${name}.${tld}`,
    aliases: Array.isArray(aliases)
      ? aliases
          .filter((alias): alias is string => typeof alias === 'string')
          .map((alias) => (alias.includes('.') ? alias : `${alias}.${tld}`))
      : [],
    path,
    phpVersion:
      found.php ??
      (typeof php === 'string' ? phpSeries(php) : null) ??
      phpSeries(/^\s*php\s*=\s*(\S+)/m.exec(rc)?.[1] ?? ''),
    warnings,
    source: found.source,
  });
}
