/**
 * Reads what Apache's configuration says of virtual hosts. Syntax: Apache HTTP Server 2.4, "Configuration Files" and mod_core: one directive
 * per line, a backslash at the end continues in the next line, `#` begins a comment line, `Define NAME value` and `${NAME}`.
 */
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

export interface VirtualHost {
  readonly documentRoot: string | null;
  readonly serverName: string | null;
  readonly aliases: readonly string[];
  /** As far as a handler's name tells it, e.g. `8.2`. */
  readonly phpVersion: string | null;
  /** Where `ProxyPass /` sends everything. */
  readonly target: string | null;
}

export interface ApacheConfig {
  readonly hosts: readonly VirtualHost[];
  /** Outside of any virtual host. */
  readonly documentRoot: string | null;
  readonly includes: readonly string[];
  readonly warnings: readonly Sentence[];
}

interface OpenHost {
  documentRoot: string | null;
  serverName: string | null;
  aliases: string[];
  phpVersion: string | null;
  target: string | null;
}

const MAX_HOSTS = 1000;
const PHP_IN_HANDLER = /php[-@_]?(\d)\.?(\d{1,2})(?!\d)/i;

/** Never throws: what cannot be read becomes a warning. */
export function parseApacheConfig(text: string): ApacheConfig {
  const defines = new Map<string, string>();
  const hosts: VirtualHost[] = [];
  const includes: string[] = [];
  const warnings: Sentence[] = [];
  let documentRoot: string | null = null;
  let open: OpenHost | null = null;

  for (const { line, number } of logicalLines(text)) {
    const words = wordsOf(line);
    if (words === null) {
      warnings.push(sayImport('atLine', { number, problem: sayImport('openQuote') }));
      continue;
    }
    const [name = '', ...rest] = words;
    const values = rest.map((value) => expand(value, defines));
    const first = values[0];
    switch (name.toLowerCase()) {
      case 'define':
        if (rest[0] !== undefined) defines.set(rest[0], values[1] ?? '');
        break;
      case '<virtualhost':
        if (open !== null) warnings.push(sayImport('atLine', { number, problem: sayImport('nestedHost') }));
        open = { documentRoot: null, serverName: null, aliases: [], phpVersion: null, target: null };
        break;
      case '</virtualhost>':
        if (open !== null && hosts.length < MAX_HOSTS) hosts.push(open);
        open = null;
        break;
      case 'include':
      case 'includeoptional':
        if (first !== undefined) includes.push(first);
        break;
      case 'documentroot':
        if (first === undefined) break;
        if (open === null) documentRoot = first;
        else open.documentRoot = first;
        break;
      case 'servername':
        if (open !== null && first !== undefined) open.serverName = hostOf(first);
        break;
      case 'serveralias':
        open?.aliases.push(...values.map(hostOf));
        break;
      case 'proxypass':
        if (open !== null && first === '/' && values[1] !== undefined) open.target = values[1];
        break;
      case 'sethandler':
      case 'addhandler':
      case 'action':
      case 'fcgidwrapper':
      case 'proxypassmatch': {
        const found = PHP_IN_HANDLER.exec(values.join(' '));
        if (open !== null && found !== null) open.phpVersion = `${found[1] ?? ''}.${found[2] ?? ''}`;
        break;
      }
      default:
    }
  }
  if (open !== null) warnings.push(sayImport('openHost'));
  return { hosts, documentRoot, includes, warnings };
}

/** Hosts of one name for ports 80 and 443 are one site. */
export function mergeHosts(hosts: readonly VirtualHost[]): VirtualHost[] {
  const merged = new Map<string, VirtualHost>();
  for (const host of hosts) {
    const key = host.serverName ?? host.aliases[0] ?? '';
    if (key === '') continue;
    const known = merged.get(key);
    merged.set(key, {
      serverName: key,
      documentRoot: known?.documentRoot ?? host.documentRoot,
      aliases: [...new Set([...(known?.aliases ?? []), ...host.aliases])],
      phpVersion: known?.phpVersion ?? host.phpVersion,
      target: known?.target ?? host.target,
    });
  }
  return [...merged.values()];
}

function* logicalLines(text: string): Generator<{ line: string; number: number }> {
  let held = '';
  let number = 0;
  let begin = 1;
  for (const raw of text.split(/\r\n|\n|\r/)) {
    number += 1;
    if (held === '') begin = number;
    if (raw.endsWith('\\')) {
      held += `${raw.slice(0, -1)} `;
      continue;
    }
    const line = (held + raw).trim();
    held = '';
    if (line !== '' && !line.startsWith('#')) yield { line, number: begin };
  }
  if (held.trim() !== '' && !held.trim().startsWith('#')) yield { line: held.trim(), number: begin };
}

/** Words of a line, quotes taken off; null when one is not closed. `>` at the end of a section's head is no part of it. */
function wordsOf(line: string): string[] | null {
  const text = line.startsWith('<') && !line.startsWith('</') ? line.replace(/>\s*$/, '') : line;
  const words: string[] = [];
  const pattern = /\s*(?:"((?:\\"|[^"])*)"|'((?:\\'|[^'])*)'|([^\s"'][^\s]*)|(["']))/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) break;
    if (match[4] !== undefined) return null;
    words.push((match[1] ?? match[2] ?? match[3] ?? '').replaceAll('\\"', '"'));
  }
  return words;
}

const expand = (value: string, defines: ReadonlyMap<string, string>): string =>
  value.replaceAll(/\$\{([^}]*)\}/g, (whole, name: string) => defines.get(name) ?? whole);

/** `http://shop.test:8080` and `shop.test:80` are `shop.test`. */
const hostOf = (value: string): string => value.replace(/^https?:\/\//i, '').replace(/:\d+$/, '');
