/** Moving the data when something goes wrong: a kill at each step, full and unfit disks, services that do not start there. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HomePlan } from '../../contract/home-move.ts';
import { createHomeWorld, IS_ROOT, otherDisk, type HomeWorld } from './home-world.ts';

let world: HomeWorld;
let disk: string;
/** Where the data is now. */
let place: string;
let moves = 0;

const planOf = (folder: string): Promise<HomePlan> => world.call<HomePlan>('home.plan', { folder });
/** To the other disk or back from it. */
const elsewhere = (): string => join(place.startsWith(disk) ? world.root : disk, `data-${moves++}`);

beforeAll(async () => {
  world = await createHomeWorld();
  const found = otherDisk('faults');
  disk = found ?? world.mount('disk', 'size=512m');
  place = world.home;
  await world.fill();
});
afterAll(async () => {
  await world.remove();
  rmSync(disk, { recursive: true, force: true });
});

describe('a place that cannot hold the data', () => {
  it.each<[string, string, () => string]>([
    ['is relative', 'VALIDATION_FAILED', () => 'some/where'],
    ['is where it is already', 'VALIDATION_FAILED', () => world.home],
    ['is inside of it', 'VALIDATION_FAILED', () => join(world.home, 'app/data')],
    ['is around it', 'VALIDATION_FAILED', () => world.root],
    [
      'has files in it',
      'VALIDATION_FAILED',
      () => {
        mkdirSync(world.path('full'));
        writeFileSync(world.path('full/file'), '');
        return world.path('full');
      },
    ],
    ['is a file', 'VALIDATION_FAILED', () => world.path('hosts')],
    ['is below a file', 'VALIDATION_FAILED', () => world.path('hosts/data')],
    [
      'has a partial copy of another move beside it',
      'VALIDATION_FAILED',
      () => {
        mkdirSync(world.path('other.partial'));
        return world.path('other');
      },
    ],
  ])('%s', async (_, code, prepare) => {
    const folder = prepare();
    expect((await planOf(folder)).problem).toMatchObject({ code, remedy: expect.stringMatching(/./) as string });
    await expect(world.call('home.move', { folder })).rejects.toThrow(code);
    expect(await world.status()).toMatchObject({ phase: 'idle', place });
  });

  it.runIf(IS_ROOT)('cannot be passed by the user of the services, may not run programs, or is too small', async () => {
    mkdirSync(world.path('locked'), { mode: 0o700 });
    expect((await planOf(world.path('locked/data'))).problem).toMatchObject({
      code: 'PERMISSION_DENIED',
      remedy: expect.stringContaining(`chmod o+x ${world.path('locked')}`) as string,
    });
    const unfit = world.mount('unfit', 'size=300m,noexec');
    expect((await planOf(join(unfit, 'data'))).problem).toMatchObject({
      code: 'VALIDATION_FAILED',
      detail: expect.stringContaining('noexec') as string,
    });
    const small = world.mount('small', 'size=2m');
    expect((await planOf(join(small, 'data'))).problem).toMatchObject({ code: 'DISK_FULL' });
    // A whole disk is no folder that could be replaced.
    expect((await planOf(small)).problem).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it.runIf(IS_ROOT)('fills up while it is copied: everything is as it was', async () => {
    const full = world.mount('fills', 'size=512m,nr_inodes=40');
    const { code, stdout } = await world.koji('home', 'move', join(full, 'data'), '--json');
    expect(code).toBe(12);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'DISK_FULL' } });
    await world.expectOneHome(place);
    expect((await world.status()).last).toMatchObject({ outcome: 'undone' });
  });
});

/** Still everything where it was, and running again. */
const expectUnmoved = (): Promise<unknown> =>
  expect.poll(() => world.expectOneHome(place).then(() => 'one home')).toBe('one home');

describe('kill -9 at each step', () => {
  it.each(['wait', 'copy', 'stop', 'verify'])('%s: undone', async (step) => {
    const to = elsewhere();
    world.killAt(step);
    const said = await world.koji('home', 'move', to, '--json');
    expect(world.killed(), said.stdout + said.stderr).toBe(true);
    expect((await world.settled()).last).toMatchObject({ outcome: 'undone', to });
    await expectUnmoved();
    expect(existsSync(to)).toBe(false);
  });

  it.each(['copy', 'rename'])(
    'from the hand-over on, with a %s: gone on from, five times in one move',
    async (method) => {
      const to = method === 'copy' ? elsewhere() : join(dirname(place), `data-${moves++}`);
      world.killAt('hand-over', 'sync', 'swap', 'start', 'remove');
      await world.call('home.move', { folder: to });
      expect((await world.settled()).last).toMatchObject({ outcome: 'moved', to, method });
      expect(world.killed()).toBe(true);
      if (place !== world.home) expect(existsSync(place)).toBe(false);
      place = to;
      await world.expectOneHome(place);
    },
  );

  it.runIf(IS_ROOT)('on the way back from a place where no program runs: gone on from, three times', async () => {
    const unfit = world.mount('unfit-later', 'size=512m');
    world.killAt('start');
    await world.call('home.move', { folder: join(unfit, 'data') });
    // Copied and switched: from now on no program can run there.
    await expect.poll(() => world.killed(), { timeout: 60_000 }).toBe(true);
    execFileSync('mount', ['-o', 'remount,noexec', unfit]);
    world.killAt('end-new', 'swap-back', 'start-old');
    expect((await world.settled()).last).toMatchObject({ outcome: 'rolled-back', error: { code: 'HOME_MOVE_FAILED' } });
    expect(world.killed()).toBe(true);
    await world.expectOneHome(place);
    await expect
      .poll(async () => (await world.call<{ notices: string[] }>('stack.status')).notices.join())
      .toContain('could not be moved');
    world.unmount(unfit);
  });
});

it('leaves the former folder when somebody wrote to it after the last copy', async () => {
  const to = elsewhere();
  world.killAt('start');
  await world.call('home.move', { folder: to });
  await expect.poll(() => world.killed(), { timeout: 60_000 }).toBe(true);
  // Copied and switched; an editor that stands in the folder knows nothing of that.
  const former = place === world.home ? `${world.home}.before-move` : place;
  writeFileSync(join(former, 'app', 'late'), 'a note');
  const { last } = await world.settled();
  expect(last).toMatchObject({ outcome: 'moved', to, error: { detail: expect.stringContaining('late') as string } });
  expect(readFileSync(join(former, 'app', 'late'), 'utf8')).toBe('a note');
  place = to;
  await expect
    .poll(async () => (await world.call<{ notices: string[] }>('stack.status')).notices.join())
    .toContain(former);
  rmSync(former, { recursive: true });
  await world.expectOneHome(place);
});

it('is cancelled as long as nothing was switched', async () => {
  const to = elsewhere();
  // Takes a while to copy.
  writeFileSync(join(place, 'app/projects/large'), Buffer.alloc(200_000_000, 'x'));
  const { changeId } = await world.call<{ changeId: string }>('home.move', { folder: to });
  await expect(world.call('home.move', { folder: to })).rejects.toThrow('HOME_MOVE_RUNNING');
  await world.call('changes.cancel', { id: changeId });
  expect((await world.settled()).last).toMatchObject({ outcome: 'undone', to, error: null });
  await expectUnmoved();
  rmSync(join(place, 'app/projects/large'));
});

it('says what is missing when the folder is not there, and makes no new one', async () => {
  expect(lstatSync(world.home).isSymbolicLink()).toBe(true);
  await world.koji('quit');
  renameSync(place, `${place}-away`);
  const said = await world.koji('info', '--json');
  expect(JSON.parse(said.stdout)).toMatchObject({
    error: { code: 'HOME_MISSING', detail: expect.stringContaining(place) as string },
  });
  expect(existsSync(place)).toBe(false);
  renameSync(`${place}-away`, place);
  await world.koji('info');
  for (const id of ['redis', 'edge']) await world.call('services.start', { id });
  await world.expectOneHome(place);
});

it('is chosen in the setup, and a stack that is being brought up goes on at the new place', async () => {
  const chosen = elsewhere();
  const setup = await world.koji('setup', '--data-folder', chosen, '--services', 'redis', '--yes', '--json');
  expect(setup, setup.stdout + setup.stderr).toMatchObject({ code: 0 });
  place = chosen;
  await world.expectOneHome(place);
  expect(await world.call('firstRun.status')).toMatchObject({ state: 'done', data: { folder: world.home, place } });

  // Redis has to be unpacked again, which takes longer than to say where the data is to be.
  await world.call('services.stop', { id: 'redis' });
  expect((await world.koji('runtime', 'remove', 'redis', '7.0')).code).toBe(0);
  await world.call('stack.up');
  const to = elsewhere();
  await world.call('home.move', { folder: to });
  expect((await world.settled()).last).toMatchObject({ outcome: 'moved', to });
  place = to;
  await expectUnmoved();
  const changes = await world.call<{ kind: string }[]>('changes.list');
  expect(changes.map(({ kind }) => kind)).toContain('stack.up');
});
