/** The php.ini of an installed PHP: development defaults, the packages' extensions in their order, no Xdebug (it is switched on per project). */
import { join } from 'node:path';
import type { PhpChoice } from '../../contract/php.ts';
import type { FileSystem } from '../system/files.ts';
import { compareText } from '../compare-text.ts';
import { sendmailCommand } from './sendmail-script.ts';

const SETTINGS = [
  ['memory_limit', '512M'],
  ['upload_max_filesize', '256M'],
  ['post_max_size', '256M'],
  ['max_execution_time', '120'],
  ['max_input_vars', '5000'],
  ['date.timezone', 'UTC'],
  ['display_errors', 'On'],
  ['opcache.enable', '1'],
  ['opcache.enable_cli', '0'],
  ['opcache.revalidate_freq', '0'],
  ['realpath_cache_size', '4096k'],
  ['session.gc_maxlifetime', '86400'],
] as const;

const NOWHERE: PhpPlaces = { caBundle: '', sendmail: '' };
const NOTHING_CHOSEN: PhpChoice = { off: [], values: {} };

/** Where PHP of this tree, and all that it starts, finds its settings: beside the program. */
export const phpIniFile = (tree: string): string => join(tree, 'usr/bin/php.ini');

export interface PhpTree {
  /** Where the files are now. */
  readonly tree: string;
  /** Where they will be. */
  readonly finalTree: string;
  readonly series: string;
}

/** Files of Kojibox that PHP uses. */
export interface PhpPlaces {
  /** PEM file for TLS connections that PHP makes. */
  readonly caBundle: string;
  /** Script that mail() runs. */
  readonly sendmail: string;
}

export async function writePhpIni(
  files: FileSystem,
  tree: string,
  finalTree: string,
  series: string,
  places: PhpPlaces,
  choice: PhpChoice = NOTHING_CHOSEN,
): Promise<void> {
  await files.writeAtomic(phpIniFile(tree), await renderPhpIni(files, { tree, finalTree, series }, places, choice));
}

/** The whole text. What was chosen comes last, so that it wins. */
export async function renderPhpIni(
  files: FileSystem,
  { tree, finalTree, series }: PhpTree,
  { caBundle, sendmail }: PhpPlaces,
  choice: PhpChoice,
): Promise<string> {
  const base = (await files.readText(join(tree, `usr/lib/php/${series}/php.ini-development`))) ?? '';
  const [apiFolder] = (await files.list(join(tree, 'usr/lib/php'))).filter((name) => /^\d{8}$/.test(name));
  const lines = base.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(';'));
  const own = [
    `extension_dir = "${join(finalTree, 'usr/lib/php', apiFolder ?? '')}"`,
    ...SETTINGS.map(([name, value]) => `${name} = ${value}`),
    `openssl.cafile = "${caBundle}"`,
    `curl.cainfo = "${caBundle}"`,
    // A pool of the web has its own, which wins.
    `sendmail_path = "${sendmailCommand(join(finalTree, `usr/bin/php${series}`), sendmail)}"`,
    ...(await loadableExtensions(files, tree, series))
      .filter(({ name }) => !choice.off.includes(name))
      .flatMap((extension) => extension.lines),
    ...Object.entries(choice.values)
      .sort(([a], [b]) => compareText(a, b))
      .map(([name, value]) => `${name} = ${quoteValue(value)}`),
  ];
  return `${[...lines, '; Kojibox', ...own].join('\n')}\n`;
}

/** As the parser of ini files wants it; https://www.php.net/manual/en/function.parse-ini-file.php. Words and constants stay bare. */
export function quoteValue(value: string): string {
  if (/^[A-Za-z0-9_.,:/@%+-]+$/.test(value) || EXPRESSION.test(value)) return value;
  // Between apostrophes nothing is special, not even a backslash.
  return value.includes("'") ? `"${value.replaceAll('\\', '\\\\').replaceAll('$', '\\$')}"` : `'${value}'`;
}
/** Of levels of errors: `E_ALL & ~E_DEPRECATED`. */
const EXPRESSION = /^(E_[A-Z_]+|\d+|[ ~&|^()])+$/;

/** The values that hold when no one chose others, as far as a php.ini says them. */
export async function standardValues(files: FileSystem, tree: string, series: string): Promise<Map<string, string>> {
  const text = await renderPhpIni(files, { tree, finalTree: tree, series }, NOWHERE, NOTHING_CHOSEN);
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, name, value] = /^([A-Za-z_][\w.-]*)\s*=\s*(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim().replace(/^"(.*)"$/, '$1')] as const];
    }),
  );
}

export interface LoadableExtension {
  /** `xsl`, `opcache`. */
  readonly name: string;
  readonly lines: readonly string[];
}

/** Debian's packages carry one ini per extension with a "; priority=NN" that gives the order. */
export async function loadableExtensions(
  files: FileSystem,
  tree: string,
  series: string,
): Promise<LoadableExtension[]> {
  const found = new Map<string, LoadableExtension>();
  const collect = async (folder: string): Promise<void> => {
    for (const file of await files.list(folder)) {
      const path = join(folder, file);
      if ((await files.stat(path))?.type === 'directory') await collect(path);
      else if (file.endsWith('.ini') && file !== 'xdebug.ini') {
        const text = (await files.readText(path)) ?? '';
        const priority = /^;\s*priority=(\d+)/m.exec(text)?.[1] ?? '20';
        found.set(`${priority.padStart(3, '0')}-${file}`, {
          name: /^(?:zend_)?extension\s*=\s*"?(\w+)/m.exec(text)?.[1]?.toLowerCase() ?? file.replace(/\.ini$/, ''),
          lines: text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(';')),
        });
      }
    }
  };
  const shared = join(tree, 'usr/share');
  for (const name of await files.list(shared)) if (name.startsWith(`php${series}-`)) await collect(join(shared, name));
  await collect(join(tree, `etc/php/${series}/mods-available`));
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, extension]) => extension);
}
