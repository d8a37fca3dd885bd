import { spawnSync } from 'node:child_process';
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
import { createRuntimesWorld, never, silent, type RuntimesWorld } from './runtimes-world.ts';

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

  it('notices a cached package that was altered, and fetches it again', async () => {
    const world = await createRuntimesWorld(home);
    const installed = await ensure(world, 'adminer');
    await world.runtimes.remove('adminer', installed.version);
    const good = readFileSync(adminerIn(world));
    flipByte(adminerIn(world));
    expect(await ensure(world, 'adminer')).toMatchObject({ digest: installed.digest });
    expect(readFileSync(adminerIn(world)).equals(good)).toBe(true);
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

describe('the entries of the manifest', () => {
  it('for the archive of another family are of former lists: none is offered', async () => {
    const { runtimes } = await createRuntimesWorld(join(root, 'offered'));
    const offered = runtimes.list(new Map()).filter(({ source }) => source === 'debian');
    const defaults = offered.flatMap(({ name, series, isDefault }) => (isDefault ? [`${name} ${series}`] : []));
    expect(defaults).toEqual([
      'php 8.2',
      'mariadb 10.11',
      'redis 7.0',
      'adminer 4.8',
      'composer 2.8',
      'postgres-client 15',
    ]);
    expect(offered.map(({ name, series }) => `${name} ${series}`)).not.toContain('php 8.3');
  });
});
