import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSources } from '../../daemon/sources/apt-config.ts';
import { createRuntimesWorld, never, silent, type RuntimesWorld, type WorldOptions } from './runtimes-world.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-debian-'));
const home = join(root, 'home');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ensure = ({ runtimes }: RuntimesWorld, name: string) => runtimes.ensure(name, undefined, silent, never());
const packagesOf = ({ layout }: RuntimesWorld): string => join(layout.downloads, 'debian/bookworm');
const adminerIn = (world: RuntimesWorld): string => {
  const name = readdirSync(packagesOf(world)).find((file) => file.startsWith('adminer_'));
  return join(packagesOf(world), name ?? 'nothing');
};
function flipByte(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.length - 1000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
/** Holds it for two seconds. */
const HOLD_LOCK = `open(F, '>>', $ARGV[0]) or die; my $lock = pack('ssx4qqix4', F_WRLCK, 0, 0, 0, 0);
  fcntl(F, F_SETLK, $lock) or die; $| = 1; print 'held'; sleep 2`;
const isRoot = process.getuid?.() === 0;

describe('a runtime from a Debian archive', () => {
  /** What belongs to the system's own package manager. */
  const systemState = (): unknown =>
    [
      '/var/lib/dpkg/status',
      '/var/lib/apt/lists',
      '/var/lib/apt/extended_states',
      '/var/cache/apt',
      '/var/cache/apt/archives',
    ].map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return [path, stat?.mtimeMs, stat?.size];
    });
  let before: unknown;
  beforeAll(() => {
    before = systemState();
  });

  it('installs without a change to the system, and its lock has every package with its digest', async () => {
    const world = await createRuntimesWorld(home);
    const [adminer, redis] = await Promise.all([ensure(world, 'adminer'), ensure(world, 'redis')]);
    expect(adminer.version).toMatch(/^4\.8\./);
    expect(existsSync(join(world.runtimes.treePath(adminer), 'usr/share/adminer/adminer.php'))).toBe(true);
    const said = spawnSync(join(world.runtimes.treePath(redis), 'usr/bin/redis-server'), ['--version'], {
      encoding: 'utf8',
    });
    expect(said.stdout).toContain(`v=${redis.version}`);
    expect(redis.artifacts.length).toBeGreaterThan(10);
    for (const { digest, file, size } of redis.artifacts) {
      expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(statSync(join(home, file)).size).toBe(size);
    }
    expect(systemState()).toEqual(before);
  });

  it('notices a cached package that was altered, which apt does not, and fetches it again', async () => {
    const world = await createRuntimesWorld(home);
    const installed = await ensure(world, 'adminer');
    await world.runtimes.remove('adminer', installed.version);
    const good = readFileSync(adminerIn(world));
    flipByte(adminerIn(world));
    expect(await ensure(world, 'adminer')).toMatchObject({ digest: installed.digest });
    expect(readFileSync(adminerIn(world)).equals(good)).toBe(true);
  });

  it('is refused when the package is altered between download and unpacking', async () => {
    const change: WorldOptions['change'] = (system) => ({
      ...system,
      processes: {
        ...system.processes,
        async run(command, args, options) {
          const result = await system.processes.run(command, args, options);
          if (args.includes('download')) flipByte(adminerIn(world));
          return result;
        },
      },
    });
    const world: RuntimesWorld = await createRuntimesWorld(home, { change });
    const { version } = await ensure(world, 'adminer');
    await world.runtimes.remove('adminer', version);
    rmSync(adminerIn(world));
    await expect(ensure(world, 'adminer')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(existsSync(adminerIn(world))).toBe(false);
    expect(readdirSync(world.layout.temp)).toEqual([]);
    expect(world.runtimes.installed('adminer')).toBeNull();
  });

  it('waits for an apt-get that a killed daemon left at work', async () => {
    const world = await createRuntimesWorld(join(root, 'locked'));
    const lists = join(world.layout.apt, 'bookworm/state/lists');
    mkdirSync(lists, { recursive: true });
    // As apt locks: struct flock of fcntl(2), a write lock on the whole file. Perl is there wherever dpkg is.
    const holder = spawn('perl', ['-MFcntl', '-e', HOLD_LOCK, join(lists, 'lock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect((await ensure(world, 'adminer')).version).toMatch(/^4\.8\./);
    expect(holder.exitCode).toBe(0);
  });

  it.runIf(isRoot)(
    '(root only: else all of these already run so) installs as a plain user with an empty environment',
    () => {
      const user = 65534;
      const userHome = join(root, 'plain');
      mkdirSync(userHome);
      spawnSync('chown', ['-R', `${user}:${user}`, userHome]);
      spawnSync('chmod', ['755', root]);
      const child = spawnSync(
        'setpriv',
        [
          `--reuid=${user}`,
          `--regid=${user}`,
          '--clear-groups',
          '--no-new-privs',
          'env',
          '-i',
          'PATH=/usr/local/bin:/usr/bin:/bin',
          `HOME=${userHome}`,
          'LANG=C.UTF-8',
          process.execPath,
          '--no-warnings',
          join(import.meta.dirname, 'runtimes-child.ts'),
          join(userHome, 'kojibox'),
          '-',
          'redis@7.0',
          'adminer@4.8',
        ],
        { encoding: 'utf8', cwd: '/' },
      );
      expect(child.stderr).toBe('');
      const tree = /^done redis \S+ (\S+)$/m.exec(child.stdout)?.[1] ?? '';
      expect(spawnSync(join(tree, 'usr/bin/redis-server'), ['--version'], { encoding: 'utf8' }).stdout).toMatch(
        /v=7\.0/,
      );
      expect(statSync(tree).uid).toBe(user);
      expect(systemState()).toEqual(before);
    },
  );
});

describe('the sources of the system', () => {
  const etc = join(root, 'etc');
  mkdirSync(join(etc, 'sources.list.d'), { recursive: true });

  it('are taken over with another release, without what would switch off the check of signatures', async () => {
    writeFileSync(
      join(etc, 'sources.list'),
      [
        'deb [trusted=yes signed-by=/keys/a.gpg] https://mirror.example/debian bookworm main contrib # comment',
        'deb https://mirror.example/debian bookworm-backports main',
        'deb-src https://mirror.example/debian bookworm main',
        '# deb https://off.example/debian bookworm main',
        'deb https://other.example/tools any main',
      ].join('\n'),
    );
    writeFileSync(
      join(etc, 'sources.list.d/debian.sources'),
      [
        'Types: deb deb-src\nURIs: https://two.example/debian\nSuites: bookworm bookworm-updates bookworm-backports\nComponents: main\nTrusted: yes\nSigned-By:\n -----BEGIN-----\n .\n abc\n -----END-----',
        'Enabled: no\nTypes: deb\nURIs: https://off.example/debian\nSuites: bookworm\nComponents: main',
        'Types: deb\nURIs: https://apt.example/x\nSuites: stable-x\nComponents: main',
      ].join('\n\n'),
    );
    expect(await readSources(etc, 'trixie', { family: 'debian', codename: 'bookworm' })).toEqual([
      'Types: deb\nURIs: https://mirror.example/debian\nSuites: trixie\nComponents: main contrib\nSigned-By: /keys/a.gpg\n',
      'Types: deb\nURIs: https://two.example/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: \n -----BEGIN-----\n .\n abc\n -----END-----\n',
    ]);
  });

  it('of an Ubuntu are its own, without those of others for the same release', async () => {
    writeFileSync(
      join(etc, 'sources.list'),
      [
        'deb http://mirror.example/ubuntu jammy main restricted',
        'deb http://mirror.example/ubuntu jammy-updates universe',
        'deb http://mirror.example/ubuntu jammy-proposed universe',
        'deb https://ppa.example/ondrej/php/ubuntu jammy main',
        'deb https://mirror.example/debian bookworm main',
        'deb https://vendor.example/linux/ubuntu jammy stable',
      ].join('\n'),
    );
    writeFileSync(
      join(etc, 'sources.list.d/debian.sources'),
      'Types: deb\nURIs: http://security.example/ubuntu/\nSuites: jammy-security\nComponents: main universe\nSigned-By: /keys/u.gpg',
    );
    expect(await readSources(etc, 'noble', { family: 'ubuntu', codename: 'jammy' })).toEqual([
      'Types: deb\nURIs: http://mirror.example/ubuntu\nSuites: noble\nComponents: main restricted\n',
      'Types: deb\nURIs: http://mirror.example/ubuntu\nSuites: noble-updates\nComponents: universe\n',
      'Types: deb\nURIs: http://security.example/ubuntu/\nSuites: noble-security\nComponents: main universe\nSigned-By: /keys/u.gpg\n',
    ]);
  });

  it('decide which entries of the manifest there are: an Ubuntu is offered what its own archive has', async () => {
    const offeredTo = async (distribution: 'debian' | 'ubuntu'): Promise<string[]> => {
      const { runtimes } = await createRuntimesWorld(join(root, distribution), {
        change: (system) => ({ ...system, host: { ...system.host, distribution } }),
      });
      return runtimes
        .list(new Map())
        .filter(({ source }) => source === 'debian')
        .map(({ name, series, isDefault }) => `${name} ${series}${isDefault ? ' default' : ''}`);
    };
    expect(await offeredTo('ubuntu')).toEqual([
      'php 8.3 default',
      'mariadb 10.11 default',
      'redis 7.0 default',
      'adminer 4.8 default',
      'composer 2.7 default',
      'postgres-client 16 default',
    ]);
    expect(await offeredTo('debian')).toContain('php 8.2 default');
  });

  it('are empty where there is no Debian, and an install says so', async () => {
    expect(await readSources(join(root, 'nowhere'), 'trixie', null)).toEqual([]);
  });
});
