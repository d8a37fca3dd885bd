/**
 * MAMP and MAMP PRO. Format: Apache's own. MAMP: `conf/apache/httpd.conf` includes `conf/apache/extra/httpd-vhosts.conf` (on Windows
 * `bin/apache/conf/extra/httpd-vhosts.conf`), `htdocs` is the document root. MAMP PRO keeps its hosts in a binary property list, and writes
 * them all into `httpd.conf` of `~/Library/Application Support/appsolute/MAMP PRO` whenever its servers start.
 */
import { join } from 'node:path';
import { localPath } from './foreign-path.ts';
import type { FoundSite, Importer } from './importer.ts';
import { readRootFolders, readVhosts } from './vhost-sites.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

const OWN_FOLDER = /^(?:[a-z]:\/(?:.*?\/)?MAMP|\/Applications\/MAMP)(?=\/|$)/i;
const BROUGHT = /^(mamp|MAMP|phpmyadmin)$/i;

export const mamp: Importer = {
  tool: 'mamp',
  places: (home) => [
    '/Applications/MAMP',
    join(home, 'Library/Application Support/appsolute/MAMP PRO'),
    join(home, 'MAMP'),
    '/mnt/c/MAMP',
  ],

  async read(files, place) {
    const warnings: Sentence[] = [];
    const warn = (text: Sentence): void => void warnings.push(text);
    const context = { files, place, ownFolder: OWN_FOLDER, phpVersion: null, databases: [], warn };
    const main =
      (await readVhosts(context, join(place, 'conf/apache/httpd.conf'))) ??
      (await readVhosts(context, join(place, 'httpd.conf')));
    if (main === null) return null;
    const sites: FoundSite[] = [...main.sites];
    const included = main.config.includes.some((path) => /httpd-vhosts\.conf$/i.test(path));
    for (const file of ['conf/apache/extra/httpd-vhosts.conf', 'bin/apache/conf/extra/httpd-vhosts.conf']) {
      const extra = await readVhosts(context, join(place, file));
      if (extra === null || extra.sites.length === 0) continue;
      if (!included) warn(sayImport('notIncluded', { file: join(place, file) }));
      sites.push(...extra.sites.filter(({ name }) => !sites.some((known) => known.name === name)));
    }
    const root =
      main.config.documentRoot === null
        ? join(place, 'htdocs')
        : await localPath(files, main.config.documentRoot, OWN_FOLDER, place);
    sites.push(...(await readRootFolders(context, root, sites, BROUGHT)));
    return { place, sites, warnings };
  },
};
