/**
 * XAMPP. Format: Apache's own (apachefriends.org, "Configure Virtual Hosts"): `etc/extra/httpd-vhosts.conf` on Linux (/opt/lampp) and macOS,
 * `apache/conf/extra/httpd-vhosts.conf` on Windows; `htdocs` is the document root.
 */
import { join } from 'node:path';
import type { Importer } from './importer.ts';
import { readRootFolders, readVhosts } from './vhost-sites.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

const OWN_FOLDER = /^(?:[a-z]:\/(?:.*?\/)?xampp|\/opt\/lampp|\/Applications\/XAMPP\/xamppfiles)(?=\/|$)/i;
/** What XAMPP puts into htdocs itself. */
const BROUGHT = /^(dashboard|img|webalizer|xampp|restricted|forbidden)$/i;

export const xampp: Importer = {
  tool: 'xampp',
  places: (home) => ['/opt/lampp', '/Applications/XAMPP/xamppfiles', join(home, 'xampp'), '/mnt/c/xampp'],

  async read(files, place) {
    const warnings: Sentence[] = [];
    const warn = (text: Sentence): void => void warnings.push(text);
    const context = { files, place, ownFolder: OWN_FOLDER, phpVersion: null, databases: [], warn };
    const vhosts =
      (await readVhosts(context, join(place, 'etc/extra/httpd-vhosts.conf'))) ??
      (await readVhosts(context, join(place, 'apache/conf/extra/httpd-vhosts.conf')));
    if (vhosts === null) return null;
    const folders = await readRootFolders(context, join(place, 'htdocs'), vhosts.sites, BROUGHT);
    return { place, sites: [...vhosts.sites, ...folders], warnings };
  },
};
