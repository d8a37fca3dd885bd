/** Every runtime of the signed manifest that this platform is said to run: installed side by side in one home, and run. */
import type { ServiceBinary } from '../../contract/manifest.ts';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entries } from '../../runtime/runtimes.ts';
import { atMost } from '../figures.ts';
import { createRuntimesWorld, never, releaseManifest, silent, type RuntimesWorld } from './runtimes-world.ts';

const home = mkdtempSync(join(tmpdir(), 'kojibox-matrix-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
chmodSync(home, 0o755);

/** The service user: PostgreSQL does not run as root, and the trees must be readable for others. */
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const run = (tree: string, program: string, args: string[], env: Record<string, string> = {}): string => {
  // Nothing of this machine helps: no PATH into the tree, no library path, another working folder.
  const result = spawnSync(join(tree, program), args, {
    ...user,
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...env },
  });
  expect(result.error).toBeUndefined();
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
  return result.stdout;
};

const DEFAULTS = [
  ['php', '8.2'],
  ['postgres', '17'],
  ['mariadb', '10.11'],
  ['redis', '7.0'],
] as const;
const OTHERS = [
  ['php', '8.4'],
  ['postgres', '16'],
  ['postgres', '18'],
  ['mariadb', '11.8'],
  ['node', '22'],
  ['node', '24'],
  ['adminer', '4.8'],
  ['composer', '2.8'],
  ['postgres-client', '15'],
  ['postgres-client', '17'],
  ['postgres-client', '18'],
] as const;
type Wanted = readonly (readonly [string, string])[];

describe('the signed manifest', () => {
  const manifest = releaseManifest();

  it('is what runtime/runtimes.ts says, entry by entry', () => {
    const written = entries.map(({ program, platform, ...entry }) => ({ ...entry, platform, program }));
    const signed = manifest.services.map(({ os, arch, binPath, checksum, ...entry }) => {
      expect(checksum).toBe(entry.source?.type === 'npm' ? `sha512:${entry.source.sha512}` : 'archive-signature');
      const root = `runtime/bin/${entry.name}/${entry.version}/${os}-${arch}/`;
      expect(binPath.startsWith(root)).toBe(true);
      return { ...entry, platform: `${os}-${arch}`, program: binPath.slice(root.length) };
    });
    expect(signed).toEqual(written);
  });

  const isForUbuntu = (source: ServiceBinary['source']): boolean =>
    source?.type === 'debian' && source.distribution === 'ubuntu';
  const here = manifest.services.filter(
    ({ os, arch, source }) => os === 'linux' && arch === 'x64' && !isForUbuntu(source),
  );

  it('has the defaults that are promised, one for each name and platform', () => {
    const defaults = here.filter(({ isDefault }) => isDefault === true).map(({ name, series }) => [name, series]);
    expect(defaults.sort()).toEqual([
      ['adminer', '4.8'],
      ['composer', '2.8'],
      ['mariadb', '10.11'],
      ['node', '24'],
      ['php', '8.2'],
      ['postgres', '17'],
      ['postgres-client', '15'],
      ['redis', '7.0'],
    ]);
    for (const { os, arch, untested, source } of manifest.services)
      expect(untested === true).toBe(`${os}-${arch}` !== 'linux-x64' || isForUbuntu(source));
  });

  it('names no host', () => {
    const text = readFileSync(new URL('../../runtime/manifest.json', import.meta.url), 'utf8');
    expect(text).not.toMatch(/https?:|\.(org|net|com)\b/);
  });

  it('has every runtime of this platform in the matrix below', () => {
    expect(here.map(({ name, series }) => `${name} ${series ?? ''}`).sort()).toEqual(
      [...DEFAULTS, ...OTHERS].map(([name, series]) => `${name} ${series}`).sort(),
    );
  });
});

describe('side by side', () => {
  let world: RuntimesWorld;
  const seconds: Record<string, number> = {};
  const ensureAll = async (label: string, wanted: Wanted): Promise<void> => {
    const began = performance.now();
    await Promise.all(wanted.map(([name, series]) => world.runtimes.ensure(name, series, silent, never())));
    seconds[label] = (performance.now() - began) / 1000;
    process.stdout.write(`${label}: ${seconds[label]?.toFixed(1)} s\n`);
  };
  beforeAll(async () => {
    world = await createRuntimesWorld(home);
    await ensureAll('php 8.2, postgres 17, mariadb 10.11 and redis 7.0 from nothing', DEFAULTS);
    await ensureAll('ten more', OTHERS);
  });
  const tree = (name: string, series: string): string => {
    const installed = world.runtimes.installed(name, series);
    expect(installed).not.toBeNull();
    return installed === null ? '' : world.runtimes.treePath(installed);
  };

  it('the default four take no longer than the issue allows on a fast mirror', () => {
    expect(Object.values(seconds)[0]).toBeLessThan(atMost(60));
  });

  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  it.each(['8.2', '8.4'])('PHP %s knows every time zone on a system that has none', (series) => {
    const root = tree('php', series);
    const code = "date_default_timezone_set('Asia/Tokyo'); echo date('H:i T ', 0), count(timezone_identifiers_list());";
    const script = `set -e; mount -t tmpfs none /usr/share/zoneinfo
      "$0/usr/bin/php${series}" -r "$1"; echo
      printf '<?php %s' "$1" > /usr/share/zoneinfo/t.php; "$0/usr/bin/php-cgi${series}" -q /usr/share/zoneinfo/t.php; echo
      printf '[global]\nerror_log=/dev/null\n[p]\nlisten=/usr/share/zoneinfo/s\npm=static\npm.max_children=1\nuser=nobody\n' > /usr/share/zoneinfo/c
      "$0/usr/sbin/php-fpm${series}" -n -d date.timezone=Asia/Tokyo -i -y /usr/share/zoneinfo/c | grep -E '^Default timezone'`;
    const result = spawnSync('unshare', [...asRoot, '--mount', '/bin/sh', '-c', script, root, code], {
      encoding: 'utf8',
    });
    expect(result.stderr).toBe('');
    const said = /^09:00 JST [4-9]\d\d$/;
    const [cli, cgi, fpm] = result.stdout.trim().split('\n');
    expect(cli).toMatch(said);
    expect(cgi).toMatch(said);
    expect(fpm).toBe('Default timezone => Asia/Tokyo');
  });

  it.each([
    ['8.2', '20220829'],
    ['8.4', '20240924'],
  ])('PHP %s has its extensions, its own php.ini, and children that work', (series, api) => {
    const root = tree('php', series);
    const php = (args: string[]): string => run(root, `usr/bin/php${series}`, args, { PHP_INI_SCAN_DIR: '' });
    expect(php(['-v'])).toMatch(new RegExp(`^PHP ${series.replace('.', '\\.')}\\.\\d+ `));
    const modules = php(['-m'])
      .split('\n')
      .map((line) => line.toLowerCase());
    for (const name of [
      'bcmath',
      'curl',
      'dom',
      'fileinfo',
      'gd',
      'igbinary',
      'intl',
      'mbstring',
      'mysqli',
      'openssl',
      'pcntl',
      'pdo_mysql',
      'pdo_pgsql',
      'pdo_sqlite',
      'pgsql',
      'redis',
      'simplexml',
      'sodium',
      'sqlite3',
      'xsl',
      'zend opcache',
      'zip',
    ])
      expect(modules).toContain(name);
    expect(modules).not.toContain('xdebug');
    expect(
      run(root, `usr/bin/php${series}`, ['-d', 'zend_extension=xdebug', '-r', 'echo phpversion("xdebug");'], {
        PHP_INI_SCAN_DIR: '',
      }),
    ).toMatch(/^\d/);
    expect(
      php([
        '-r',
        'echo php_ini_loaded_file(), " ", ini_get("extension_dir"), " ", ini_get("memory_limit"), " ", ini_get("openssl.cafile");',
      ]),
    ).toBe(`${root}/usr/bin/php.ini ${root}/usr/lib/php/${api} 512M ${world.layout.certificates}/ca-bundle.pem`);
    expect(
      php([
        '-r',
        'echo shell_exec(escapeshellarg(PHP_BINARY) . " -r " . escapeshellarg("echo extension_loaded(\\"redis\\") ? 1 : 0;"));',
      ]),
    ).toBe('1');
    expect(php(['-r', 'echo shell_exec("tar --version");'])).toContain('tar');
    // "-t" tests a configuration; with "-m" alone fpm says what it would serve with.
    const fpm = spawnSync(join(root, `usr/sbin/php-fpm${series}`), ['-n', '-c', join(root, 'usr/bin/php.ini'), '-m'], {
      ...user,
      encoding: 'utf8',
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
    expect(fpm.stdout.split('\n').filter((line) => /^\w/.test(line)).length).toBeGreaterThan(50);
  });

  it.each(['16', '17', '18'])('PostgreSQL %s', (series) => {
    for (const program of ['postgres', 'initdb', 'pg_ctl'])
      expect(run(tree('postgres', series), `native/bin/${program}`, ['--version'])).toContain(
        `(PostgreSQL) ${series}.`,
      );
  });

  it.each(['15', '17', '18'])('the PostgreSQL client %s', (series) => {
    for (const program of ['psql', 'pg_dump', 'pg_restore']) {
      expect(
        run(tree('postgres-client', series), `usr/lib/postgresql/${series}/bin/${program}`, ['--version']),
      ).toContain(`(PostgreSQL) ${series}.`);
    }
  });

  it.each(['10.11', '11.8'])('MariaDB %s', (series) => {
    const root = tree('mariadb', series);
    for (const program of ['usr/sbin/mariadbd', 'usr/bin/mariadb', 'usr/bin/mariadb-dump', 'usr/bin/mariadb-admin']) {
      expect(run(root, program, ['--no-defaults', '--version'])).toContain(`${series}.`);
    }
  });

  it('Redis', () => {
    expect(run(tree('redis', '7.0'), 'usr/bin/redis-server', ['--version'])).toContain('v=7.0.');
    expect(run(tree('redis', '7.0'), 'usr/bin/redis-cli', ['--version'])).toContain('redis-cli 7.0.');
  });

  it.each(['22', '24'])('Node %s, with npm', (series) => {
    const root = tree('node', series);
    expect(run(root, 'bin/node', ['--version'])).toMatch(new RegExp(`^v${series}\\.`));
    expect(
      run(root, 'bin/node', [join(root, 'lib/node_modules/npm/bin/npm-cli.js'), '--version'], { HOME: '/nonexistent' }),
    ).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(existsSync(join(root, 'lib/node_modules/npm/bin/npx-cli.js'))).toBe(true);
  });

  it('Composer and Adminer, run by either PHP', () => {
    for (const series of ['8.2', '8.4']) {
      const php = (args: string[]): ReturnType<typeof spawnSync> =>
        spawnSync(join(tree('php', series), `usr/bin/php${series}`), args, {
          ...user,
          encoding: 'utf8',
          cwd: '/',
          env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', PHP_INI_SCAN_DIR: '' },
        });
      expect(php([join(tree('composer', '2.8'), 'usr/bin/composer'), '--version']).stdout).toContain(
        'Composer version 2.8.',
      );
      expect(php(['-l', join(tree('adminer', '4.8'), 'usr/share/adminer/adminer.php')]).stdout).toContain(
        'No syntax errors',
      );
    }
  });

  it('everything is recorded with its digests, and nothing is left in the temporary folder', () => {
    const listed = world.runtimes.list(new Map());
    expect(listed.filter(({ installed }) => installed === null)).toEqual([]);
    for (const { installed, size, name } of listed) {
      expect(installed?.artifacts.length).toBeGreaterThan(0);
      const fetched = installed?.artifacts.reduce((sum, artifact) => sum + artifact.size, 0) ?? 0;
      // What the manifest announces is what comes: packages of an archive move on a little, and their trees bring a C library.
      expect([name, Math.abs(fetched - size) / size < 0.2]).toEqual([name, true]);
    }
    expect(readdirSync(world.layout.temp)).toEqual([]);
  });
});
