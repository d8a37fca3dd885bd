/** The php.ini of an installed PHP: development defaults, the packages' extensions in their order, no Xdebug (it is switched on per project). */
import { join } from 'node:path';
import type { FileSystem } from '../system/files.ts';

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

/**
 * @param tree where the files are now; @param finalTree where they will be
 * @param caBundle PEM file for TLS connections that PHP makes
 */
export async function writePhpIni(
  files: FileSystem,
  tree: string,
  finalTree: string,
  series: string,
  caBundle: string,
): Promise<void> {
  const base = (await files.readText(join(tree, `usr/lib/php/${series}/php.ini-development`))) ?? '';
  const [apiFolder] = (await files.list(join(tree, 'usr/lib/php'))).filter((name) => /^\d{8}$/.test(name));
  const lines = base.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(';'));
  const own = [
    `extension_dir = "${join(finalTree, 'usr/lib/php', apiFolder ?? '')}"`,
    ...SETTINGS.map(([name, value]) => `${name} = ${value}`),
    `openssl.cafile = "${caBundle}"`,
    `curl.cainfo = "${caBundle}"`,
    ...(await extensionLines(files, tree, series)),
  ];
  await files.writeAtomic(join(tree, 'usr/bin/php.ini'), `${[...lines, '; Kojibox', ...own].join('\n')}\n`);
}

/** Debian's packages carry one ini per extension with a "; priority=NN" that gives the order. */
async function extensionLines(files: FileSystem, tree: string, series: string): Promise<string[]> {
  const found: { order: string; lines: string[] }[] = [];
  const collect = async (folder: string): Promise<void> => {
    for (const name of await files.list(folder)) {
      const path = join(folder, name);
      if ((await files.stat(path))?.type === 'directory') await collect(path);
      else if (name.endsWith('.ini') && name !== 'xdebug.ini') {
        const text = (await files.readText(path)) ?? '';
        const priority = /^;\s*priority=(\d+)/m.exec(text)?.[1] ?? '20';
        found.push({
          order: `${priority.padStart(3, '0')}-${name}`,
          lines: text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(';')),
        });
      }
    }
  };
  const shared = join(tree, 'usr/share');
  for (const name of await files.list(shared)) if (name.startsWith(`php${series}-`)) await collect(join(shared, name));
  await collect(join(tree, `etc/php/${series}/mods-available`));
  const unique = new Map(found.map((entry) => [entry.order, entry.lines]));
  return [...unique].sort(([a], [b]) => a.localeCompare(b)).flatMap(([, lines]) => lines);
}
