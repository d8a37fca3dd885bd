/**
 * What the manifest is made of. `npm run manifest -- KEY.pem` turns it into the signed runtime/manifest.json.
 * Debian's packages move on within a series, so their `version` is the series: the lock has the exact one of each install.
 */
import type { ServiceBinary } from '../contract/manifest.ts';
import { NODE, NPM, POSTGRES, type MeasuredPackage } from './npm-packages.ts';

export interface Entry extends Omit<ServiceBinary, 'os' | 'arch' | 'binPath' | 'checksum'> {
  readonly series: string;
  /** `<os>-<arch>` */
  readonly platform: string;
  /** Main executable, relative to the tree. */
  readonly program: string;
}

/** The platform on which all of it was run. */
const TESTED = 'linux-x64';
const port = (name: string, number: number): ServiceBinary['defaultPorts'][number] => ({
  name,
  port: number,
  protocol: 'tcp',
});
/** npm prints integrity in base64; the manifest has hex like every other digest. */
const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');
const untested = ({ platform }: MeasuredPackage): { untested?: true } =>
  platform === TESTED ? {} : { untested: true };
const exe = ({ platform }: MeasuredPackage): string => (platform.startsWith('windows') ? '.exe' : '');

interface DebianRelease {
  readonly series: string;
  readonly suite: string;
  readonly distribution?: 'ubuntu';
  readonly untested?: true;
  /** Measured: bytes of the packages that are kept, and of their content. */
  readonly size: number;
  readonly sizeOnDisk: number;
  readonly isDefault: boolean;
}

const archiveOf = (distribution: 'ubuntu' | undefined): { distribution?: 'ubuntu' } =>
  distribution === undefined ? {} : { distribution };
/** Ubuntu's long-term release stands in for all of them: a tree that is newer than its system brings its own C library. Sizes were not measured. */
const noble = (series: string): DebianRelease => ({
  series,
  suite: 'noble',
  distribution: 'ubuntu',
  size: 0,
  sizeOnDisk: 0,
  isDefault: true,
  untested: true,
});

const PHP_EXTENSIONS = [
  'mysql',
  'pgsql',
  'mbstring',
  'curl',
  'gd',
  'intl',
  'zip',
  'sqlite3',
  'xml',
  'bcmath',
  'opcache',
  'readline',
] as const;

const php = ({ suite, distribution, ...release }: DebianRelease): Entry => ({
  ...release,
  name: 'php',
  version: release.series,
  platform: TESTED,
  kind: 'language',
  program: `usr/sbin/php-fpm${release.series}`,
  env: {},
  args: ['-F'],
  defaultPorts: [],
  source: {
    type: 'debian',
    ...archiveOf(distribution),
    suite,
    packages: [
      ...['fpm', 'cgi', 'cli', ...PHP_EXTENSIONS].map((part) => `php${release.series}-${part}`),
      'php-redis',
      'php-xdebug',
    ],
    executables: [
      `usr/bin/php${release.series}`,
      `usr/bin/php-cgi${release.series}`,
      `usr/sbin/php-fpm${release.series}`,
    ],
  },
});

const mariadb = ({ suite, distribution, ...release }: DebianRelease): Entry => ({
  ...release,
  name: 'mariadb',
  version: release.series,
  platform: TESTED,
  kind: 'service',
  program: 'usr/sbin/mariadbd',
  env: {},
  args: ['--bind-address=127.0.0.1'],
  defaultPorts: [port('db', 3306)],
  source: {
    type: 'debian',
    ...archiveOf(distribution),
    suite,
    packages: ['mariadb-server-core', 'mariadb-client-core', 'mariadb-common'],
    extraPackages: ['mariadb-client'],
    executables: [
      'usr/sbin/mariadbd',
      'usr/bin/mariadb',
      'usr/bin/mariadb-admin',
      'usr/bin/mariadb-dump',
      'usr/bin/my_print_defaults',
      'usr/bin/resolveip',
    ],
  },
});

const redis = ({ suite, distribution, ...release }: DebianRelease): Entry => ({
  ...release,
  name: 'redis',
  version: release.series,
  platform: TESTED,
  kind: 'service',
  program: 'usr/bin/redis-server',
  env: {},
  args: ['--bind', '127.0.0.1'],
  defaultPorts: [port('redis', 6379)],
  source: {
    type: 'debian',
    ...archiveOf(distribution),
    suite,
    packages: ['redis-server', 'redis-tools'],
    // redis-server is a link to redis-check-rdb.
    executables: ['usr/bin/redis-check-rdb', 'usr/bin/redis-cli'],
  },
});

const postgres = (item: MeasuredPackage): Entry => ({
  name: 'postgres',
  series: item.series,
  // The engine is a release build; ".0-beta.17" is the packaging's own suffix.
  version: item.version.replace(/\.0-beta.*$/, ''),
  platform: item.platform,
  kind: 'service',
  isDefault: item.series === '17',
  ...untested(item),
  size: item.size,
  sizeOnDisk: item.sizeOnDisk,
  program: `native/bin/postgres${exe(item)}`,
  env: {},
  args: ['-D', 'runtime/data/postgres'],
  defaultPorts: [port('db', 5432)],
  source: { type: 'npm', name: item.name, version: item.version, sha512: hex(item.integrity) },
});

const node = (item: MeasuredPackage): Entry => ({
  name: 'node',
  series: item.series,
  version: item.version,
  platform: item.platform,
  kind: 'language',
  isDefault: item.series === '24',
  ...untested(item),
  size: item.size + NPM.size,
  sizeOnDisk: item.sizeOnDisk + NPM.sizeOnDisk,
  program: `bin/node${exe(item)}`,
  env: {},
  args: [],
  defaultPorts: [],
  source: {
    type: 'npm',
    name: item.name,
    version: item.version,
    sha512: hex(item.integrity),
    parts: [{ name: NPM.name, version: NPM.version, sha512: hex(NPM.integrity), folder: 'lib/node_modules/npm' }],
  },
});

/** What PHP runs, or serves: without the libraries that come with PHP itself. */
const phpTool = (name: string, program: string, { suite, distribution, ...release }: DebianRelease): Entry => ({
  ...release,
  name,
  version: release.series,
  platform: TESTED,
  kind: 'tool',
  program,
  env: {},
  args: [],
  defaultPorts: [],
  source: { type: 'debian', ...archiveOf(distribution), suite, packages: [name], onlyPortable: true, executables: [] },
});

const postgresClient = ({ suite, distribution, ...release }: DebianRelease): Entry => {
  const folder = `usr/lib/postgresql/${release.series}/bin`;
  return {
    ...release,
    name: 'postgres-client',
    version: release.series,
    platform: TESTED,
    kind: 'tool',
    program: `${folder}/psql`,
    env: {},
    args: [],
    defaultPorts: [],
    source: {
      type: 'debian',
      ...archiveOf(distribution),
      suite,
      packages: [`postgresql-client-${release.series}`],
      executables: ['psql', 'pg_dump', 'pg_restore'].map((name) => `${folder}/${name}`),
    },
  };
};

export const entries: readonly Entry[] = [
  php({ series: '8.2', suite: 'bookworm', size: 43_638_512, sizeOnDisk: 159_492_797, isDefault: true }),
  php({ series: '8.4', suite: 'trixie', size: 50_070_736, sizeOnDisk: 174_831_866, isDefault: false }),
  ...POSTGRES.map(postgres),
  mariadb({ series: '10.11', suite: 'bookworm', size: 16_924_828, sizeOnDisk: 141_101_683, isDefault: true }),
  mariadb({ series: '11.8', suite: 'trixie', size: 20_366_096, sizeOnDisk: 159_706_885, isDefault: false }),
  redis({ series: '7.0', suite: 'bookworm', size: 7_348_196, sizeOnDisk: 23_244_705, isDefault: true }),
  ...NODE.map(node),
  phpTool('adminer', 'usr/share/adminer/adminer.php', {
    series: '4.8',
    suite: 'bookworm',
    size: 828_904,
    sizeOnDisk: 2_859_402,
    isDefault: true,
  }),
  // bookworm's 2.5 does not start under PHP 8.4.
  phpTool('composer', 'usr/bin/composer', {
    series: '2.8',
    suite: 'trixie',
    size: 1_092_596,
    sizeOnDisk: 4_830_608,
    isDefault: true,
  }),
  postgresClient({ series: '15', suite: 'bookworm', size: 11_039_316, sizeOnDisk: 32_838_444, isDefault: true }),
  postgresClient({ series: '17', suite: 'trixie', size: 10_568_620, sizeOnDisk: 40_355_970, isDefault: false }),
  // Of a release that is still being made: until it is out, its packages move on more often than the others.
  postgresClient({ series: '18', suite: 'forky', size: 11_026_468, sizeOnDisk: 41_550_616, isDefault: false }),
  php(noble('8.3')),
  mariadb(noble('10.11')),
  redis(noble('7.0')),
  phpTool('adminer', 'usr/share/adminer/adminer.php', noble('4.8')),
  phpTool('composer', 'usr/bin/composer', noble('2.7')),
  postgresClient(noble('16')),
];
