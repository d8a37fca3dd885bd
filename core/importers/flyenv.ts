/**
 * FlyEnv (PhpWebStudy before). Format (xpf0000/FlyEnv: src/shared/app.d.ts `AppHost`, src/fork/module/Host/HostFile.ts): `server/host.json` is a list
 * of hosts with `name`, `alias` (one per line), `root`, `type` (php, node, java, go, python, tomcat, …), `phpVersion` as a number (82 is 8.2),
 * `projectPort` and `startCommand` of programs, `reverseProxy` as pairs of path and url, `nginx.rewrite`.
 */
import { join } from 'node:path';
import { localPath } from './foreign-path.ts';
import { phpSeries, site, type FoundSite, type Importer } from './importer.ts';
import { readSettings } from './read-file.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

const MAX_HOSTS = 500;

export const flyenv: Importer = {
  tool: 'flyenv',
  places: (home) => [
    join(home, '.config/FlyEnv'),
    join(home, '.config/PhpWebStudy'),
    join(home, 'Library/FlyEnv'),
    join(home, 'Library/PhpWebStudy'),
    '/mnt/c/Program Files/PhpWebStudy-Data',
  ],

  async read(files, place) {
    const warnings: Sentence[] = [];
    const warn = (text: Sentence): void => void warnings.push(text);
    for (const file of [join(place, 'server', 'host.json'), join(place, 'host.json')]) {
      const text = await readSettings(files, file, warn);
      if (text === null) continue;
      const { sites, warnings: bad } = parseFlyEnvHosts(text, file);
      const here = sites.map(async (found) => ({
        ...found,
        path: found.path === null ? null : await localPath(files, found.path, null, place),
      }));
      return { place, sites: await Promise.all(here), warnings: [...warnings, ...bad] };
    }
    return null;
  },
};

/** Never throws: an entry of the wrong form becomes a warning. */
export function parseFlyEnvHosts(
  text: string,
  source: string,
): { readonly sites: FoundSite[]; readonly warnings: Sentence[] } {
  let list: unknown;
  try {
    list = text.trim() === '' ? [] : JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return { sites: [], warnings: [sayImport('notJson', { file: source })] };
  }
  if (!Array.isArray(list)) return { sites: [], warnings: [sayImport('notAList', { file: source })] };
  const sites: FoundSite[] = [];
  const warnings: Sentence[] = [];
  (list as unknown[]).slice(0, MAX_HOSTS).forEach((entry, index) => {
    const found = parseHost(entry, source);
    if (found === null) warnings.push(sayImport('hostWithoutName', { file: source, number: index + 1 }));
    else sites.push(found);
  });
  return { sites, warnings };
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

function parseHost(entry: unknown, source: string): FoundSite | null {
  const host = record(entry);
  const name = text(host['name']) || text(host['projectName']);
  if (name === '') return null;
  const type = text(host['type']) || 'php';
  const php = host['phpVersion'];
  const port = Number(host['projectPort']);
  const proxies = Array.isArray(host['reverseProxy']) ? (host['reverseProxy'] as unknown[]).map(record) : [];
  const whole = proxies.find(({ path }) => text(path) === '/');
  const isProgram = !['php', 'node', 'html', 'static'].includes(type);
  const proxied =
    text(whole?.['url']) || (isProgram && Number.isInteger(port) && port > 0 ? `http://127.0.0.1:${port}` : '');
  const command = text(host['startCommand']);
  const rewrite = text(record(host['nginx'])['rewrite']);
  return site({
    name,
    domain: name.includes('.') ? name : null,
    aliases: text(host['alias'])
      .split(/\s+/)
      .filter((alias) => alias !== '' && alias !== name),
    path: text(host['root']) || null,
    phpVersion: type === 'php' && (typeof php === 'number' || typeof php === 'string') ? phpSeries(String(php)) : null,
    command: type === 'node' && command !== '' ? command : null,
    target: proxied === '' ? null : proxied,
    warnings: [
      ...(isProgram && proxied !== '' ? [sayImport('proxyOnly', { target: proxied, type })] : []),
      ...(isProgram && proxied === '' ? [sayImport('cannotRun', { type })] : []),
      ...(type === 'node' && command !== '' ? [sayImport('listenOnPort')] : []),
      ...(proxies.length > (whole === undefined ? 0 : 1) ? [sayImport('proxiesLeft')] : []),
      ...(rewrite === '' ? [] : [sayImport('rewritesLeft')]),
    ],
    source,
  });
}
