/**
 * Laragon (Windows; here: its folder copied, mounted, or seen from WSL).
 * Format: `usr/laragon.ini` has `[apache] DocumentRoot=`, `[php] Version=php-8.2.29-nts-Win32-vs16-x64`, `[mysql] Version=`; each folder of the
 * document root gets `etc/apache2/sites-enabled/auto.<folder>.test.conf` with ServerName and DocumentRoot; further files there are the user's.
 */
import { join } from 'node:path';
import { localPath } from './foreign-path.ts';
import { phpSeries, type FoundSite, type Importer } from './importer.ts';
import { parseIni } from './ini.ts';
import { listFolder, readSettings } from './read-file.ts';
import { readRootFolders, readVhosts } from './vhost-sites.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

const OWN_FOLDER = /^[a-z]:\/(?:.*?\/)?laragon(?=\/|$)/i;

export const laragon: Importer = {
  tool: 'laragon',
  places: (home) => [join(home, 'laragon'), '/mnt/c/laragon', '/mnt/d/laragon'],

  async read(files, place) {
    const warnings: Sentence[] = [];
    const warn = (text: Sentence): void => void warnings.push(text);
    const iniText = await readSettings(files, join(place, 'usr', 'laragon.ini'), warn);
    const confFolder = join(place, 'etc', 'apache2', 'sites-enabled');
    const confs = (await listFolder(files, confFolder, warn)).filter((name) => name.endsWith('.conf'));
    if (iniText === null && confs.length === 0) return null;
    const ini = parseIni(iniText ?? '');
    const version = (section: string): string => ini.get(section)?.get('version') ?? '';
    const used = (section: string): boolean => ini.get(section)?.get('use') === '-1' && version(section) !== '';
    const context = {
      files,
      place,
      ownFolder: OWN_FOLDER,
      phpVersion: phpSeries(version('php')),
      databases: ['mysql', 'postgresql']
        .filter(used)
        .map((name) => version(name).replace(/^(mysql|mariadb|postgresql)-(\d+(?:\.\d+)*).*$/i, '$1 $2')),
      warn,
    };
    const sites: FoundSite[] = [];
    for (const name of confs) sites.push(...((await readVhosts(context, join(confFolder, name)))?.sites ?? []));
    const written = ini.get('apache')?.get('documentroot');
    const root = written === undefined ? join(place, 'www') : await localPath(files, written, OWN_FOLDER, place);
    sites.push(...(await readRootFolders(context, root, sites, /^$/)));
    return { place, sites, warnings };
  },
};
