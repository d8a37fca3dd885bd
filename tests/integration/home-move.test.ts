/** Moving the data of a real stack to another disk and back; as root, and as a plain user. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import type { HomePlan, HomeStatus } from '../../contract/home-move.ts';
import { createDatabasesWorld, type DatabasesWorld } from './databases-world.ts';
import { createHomeWorld, IS_ROOT, otherDisk } from './home-world.ts';
import { takeBegun } from './prepared-stack.ts';
import { createStackWorld, type StackWorld } from './stack-world.ts';

const POSTGRES_ROWS = 20_000;
const MARIADB_ROWS = 3000;

describe('a stack with databases', () => {
  let world: StackWorld;
  let databases: DatabasesWorld;
  let disk: string;
  const status = (): Promise<HomeStatus> => world.call<HomeStatus>('home.status');

  const expectEverything = async (): Promise<void> => {
    expect(await databases.postgres('SELECT count(*)::int AS n, sum(v)::int AS s FROM kept')).toEqual([
      { n: POSTGRES_ROWS, s: (POSTGRES_ROWS * (POSTGRES_ROWS + 1)) / 2 },
    ]);
    expect(await databases.mariadb('SELECT CAST(COUNT(*) AS CHAR) AS n FROM kept.rows_kept')).toEqual([
      { n: String(MARIADB_ROWS) },
    ]);
    const page = await world.get('/', 'hello.test');
    expect(page.status, page.body).toBe(200);
  };

  beforeAll(async () => {
    world = createStackWorld();
    const found = otherDisk('move');
    disk = found ?? join(world.root, 'disk');
    if (found === null) {
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=711,size=2g', 'tmpfs', disk]);
    }
    takeBegun(world.home);
    await world.koji('setup', '--services', 'php,postgres,mariadb', '--yes', '--json');
    databases = createDatabasesWorld(world);
    await databases.postgres('CREATE TABLE kept (v int)');
    await databases.postgres(`INSERT INTO kept SELECT generate_series(1, ${POSTGRES_ROWS})`);
    await databases.mariadb('CREATE DATABASE kept');
    await databases.mariadb('CREATE TABLE kept.rows_kept (v INT)');
    await databases.mariadb(`INSERT INTO kept.rows_kept SELECT seq FROM kept.seq_1_to_${MARIADB_ROWS}`);
  });
  afterAll(() => {
    world.remove();
    rmSync(disk, { recursive: true, force: true });
  });

  it('says beforehand what a move does, and does nothing', async () => {
    const { stdout } = await world.kojiResult('home', 'move', join(disk, 'data'), '--dry-run', '--json');
    const plan = JSON.parse(stdout) as HomePlan;
    expect(plan).toMatchObject({
      from: world.home,
      to: join(disk, 'data'),
      method: 'copy',
      problem: null,
      waitsFor: [],
    });
    expect(plan.stops.sort()).toEqual(['Edge (HTTPS)', 'MariaDB', 'PHP', 'PostgreSQL']);
    expect(plan.sizeBytes).toBeGreaterThan(100_000_000);
    expect(existsSync(join(disk, 'data'))).toBe(false);
  });

  it('keeps every row on another disk, serves from there, and leaves a link', async () => {
    const said = await world.kojiResult('home', 'move', join(disk, 'data'), '--yes');
    expect(said, said.stdout + said.stderr).toMatchObject({ code: 0 });
    expect(said.stderr).toMatch(/copy[\s\S]*verify[\s\S]*switching/);
    expect(readlinkSync(world.home)).toBe(join(disk, 'data'));
    expect(existsSync(`${world.home}.before-move`)).toBe(false);
    expect(await status()).toMatchObject({
      home: world.home,
      place: join(disk, 'data'),
      moved: true,
      previous: world.home,
      phase: 'idle',
      last: { outcome: 'moved', method: 'copy' },
    });
    await expectEverything();
  });

  it('keeps a project by the address that stays, wherever somebody stands', async () => {
    const site = join(disk, 'data/app/projects/by-hand');
    mkdirSync(site, { recursive: true });
    writeFileSync(join(site, 'index.html'), 'by hand');
    await world.call('config.setProject', {
      id: 'by-hand',
      name: 'By hand',
      path: site,
      domain: 'by-hand.test',
      stack: 'static',
      overrides: {},
    });
    const projects = await world.call<ProjectConfig[]>('config.listProjects');
    expect(projects.find(({ id }) => id === 'by-hand')?.path).toBe(world.path('app/projects/by-hand'));
    expect((await world.get('/', 'by-hand.test')).body).toBe('by hand');
    // The program of the home, in the version of the project around.
    expect(
      execFileSync(join(process.cwd(), 'koji'), ['php', '-r', 'echo getcwd();'], {
        cwd: join(disk, 'data/app/projects/hello'),
        env: { ...process.env, KOJIBOX_HOME: world.home },
        encoding: 'utf8',
      }),
    ).toBe(join(disk, 'data/app/projects/hello'));
  });

  it('comes back with everything, and the link is gone', async () => {
    const said = await world.kojiResult('home', 'move', '--back', '--yes', '--json');
    expect(JSON.parse(said.stdout)).toMatchObject({ outcome: 'moved', to: world.home });
    expect(lstatSync(world.home).isSymbolicLink()).toBe(false);
    expect(existsSync(join(disk, 'data'))).toBe(false);
    await expectEverything();
    expect((await world.get('/', 'by-hand.test')).body).toBe('by hand');
  });
});

describe.runIf(IS_ROOT)('a plain user', () => {
  it('moves to another disk and back, and uninstalling takes the link and what it leads to', async () => {
    const world = await createHomeWorld(true);
    const found = otherDisk('plain');
    const disk = found ?? world.mount('disk', 'size=512m');
    execFileSync('chown', ['65534:65534', disk]);
    try {
      expect((await world.koji('info')).code).toBe(0);
      await world.fill();
      // Left by something that was run as root: nobody but root could keep its owner.
      const foreign = join(world.home, 'app/projects/site/foreign');
      writeFileSync(foreign, '');
      const refused = await world.koji('home', 'move', join(disk, 'data'), '--json');
      expect(JSON.parse(refused.stdout)).toMatchObject({
        error: { code: 'PERMISSION_DENIED', detail: expect.stringContaining(foreign) as string },
      });
      await world.expectOneHome(world.home);
      rmSync(foreign);
      const there = await world.koji('home', 'move', join(disk, 'data'), '--yes');
      expect(there, there.stdout + there.stderr).toMatchObject({ code: 0 });
      await world.expectOneHome(join(disk, 'data'));
      expect(lstatSync(join(disk, 'data/runtime')).uid).toBe(65534);
      const back = await world.koji('home', 'move', '--back', '--yes');
      expect(back, back.stdout + back.stderr).toMatchObject({ code: 0 });
      await world.expectOneHome(world.home);
      // A folder of somebody else.
      expect((await world.call<HomePlan>('home.plan', { folder: '/kojibox-data' })).problem).toMatchObject({
        code: 'PERMISSION_DENIED',
      });
      expect((await world.koji('home', 'move', join(disk, 'again'), '--yes')).code).toBe(0);
      const gone = await world.koji('uninstall', '--purge', '--yes', '--json');
      expect(JSON.parse(gone.stdout)).toMatchObject({ purged: true });
      expect(existsSync(join(disk, 'again'))).toBe(false);
      expect(lstatSync(world.home, { throwIfNoEntry: false })).toBeUndefined();
    } finally {
      await world.remove();
      rmSync(disk, { recursive: true, force: true });
    }
  });
});
