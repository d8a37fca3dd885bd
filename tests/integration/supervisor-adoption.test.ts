/** The daemon dies; the services do not. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProcessDriver } from '../../daemon/drivers/process/process-driver.ts';
import type { HandleRecord } from '../../daemon/drivers/process/records.ts';
import { findLaunched } from '../../daemon/drivers/process/service-processes.linux.ts';
import * as table from '../../daemon/system/process-facts.linux.ts';
import { atMost } from '../figures.ts';
import { freePort } from '../fixtures/free-port.ts';
import { eventually, logOf, misbehaving } from '../fixtures/services/service-spec.ts';
import { createWorld, digestOf, type ServiceUnderTest, type SupervisorWorld } from './supervisor-world.ts';

const DAEMON = fileURLToPath(new URL('./supervisor-daemon.ts', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'kojibox-adoption-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let home = '';
let world: SupervisorWorld | null = null;
const daemons: ChildProcess[] = [];
beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'));
});
afterEach(async () => {
  for (const daemon of daemons.splice(0)) daemon.kill('SIGKILL');
  await world?.supervisor.stopAll();
  world = null;
  await createWorld(home, []).supervisor.recover(); // Ends what a failed test left.
});

const alive = (pid: number | null | undefined): boolean => table.identifyNow(pid ?? 0) !== null;

/** Runs the test daemon until it said that its services run; then kills it with -9. */
async function daemonThatDies(
  services: readonly ServiceUnderTest[],
  what: 'start' | 'recover',
): Promise<{ recovered: string[]; running: Record<string, number | null> }> {
  const daemon = spawn(process.execPath, [DAEMON, home, JSON.stringify(services), what], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  daemons.push(daemon);
  let output = '';
  daemon.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await eventually('the daemon runs its services', () => output.includes('"running"'));
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGKILL');
  await gone;
  return Object.assign(
    {},
    ...output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ) as never;
}

describe('services outlive the daemon', () => {
  it('is taken over with the same pid, ten daemons in a row, and its end is seen at once', async () => {
    const services = [
      { id: 'web', port: await freePort() },
      { id: 'deaf', port: await freePort(), args: ['--close-inherited'] },
    ];
    const { running } = await daemonThatDies(services, 'start');
    for (let times = 0; times < 10; times++) {
      const next = await daemonThatDies(services, 'recover');
      expect(next.recovered.sort()).toEqual(['deaf', 'web']);
      expect(next.running).toEqual(running);
    }
    world = createWorld(home, services);
    const { supervisor } = world;
    expect((await supervisor.recover()).sort()).toEqual(['deaf', 'web']);
    expect(supervisor.state('web')).toMatchObject({
      state: 'running',
      health: 'healthy',
      pid: running['web'],
      desired: 'up',
    });

    const began = performance.now();
    process.kill(running['web'] ?? 0, 'SIGKILL');
    await eventually('the end was seen', () => supervisor.state('web').pid !== running['web']);
    const seenMs = performance.now() - began;
    console.log(`end of an adopted service seen after ${seenMs.toFixed(1)} ms`);
    expect(seenMs).toBeLessThan(atMost(300));
    // A service that closed the FIFO is seen by the look every second.
    process.kill(running['deaf'] ?? 0, 'SIGKILL');
    await eventually('both are back', () =>
      supervisor.states().every(({ state, restarts }) => state === 'running' && restarts >= 1),
    );
  });

  it('ends what is not defined any more, cleanly', async () => {
    const old = { id: 'old', port: await freePort(), args: ['--children', '1'] };
    const { running } = await daemonThatDies([old], 'start');
    expect(alive(running['old'])).toBe(true);
    world = createWorld(home, []);
    expect(await world.supervisor.recover()).toEqual([]);
    expect(alive(running['old'])).toBe(false);
    expect(logOf(misbehaving(home, 'old'))).toContain('received SIGTERM');
    expect(readdirSync(world.stateFolder).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it('leaves the services alone when the daemon quits and they are to stay', async () => {
    const service = { id: 'web', port: await freePort() };
    const first = createWorld(home, [service]);
    const { pid } = await first.supervisor.start('web');
    first.supervisor.detach();
    world = createWorld(home, [service]);
    expect(await world.supervisor.recover()).toEqual(['web']);
    expect(world.supervisor.state('web').pid).toBe(pid);
  });

  it('ends the workers of a service whose main process died while no daemon looked', async () => {
    const service = { id: 'web', port: await freePort(), args: ['--children', '2'] };
    const { running } = await daemonThatDies([service], 'start');
    const workers = table
      .membersOfGroup(running['web'] ?? 0)
      .map(({ pid }) => pid)
      .filter((pid) => pid !== running['web']);
    expect(workers).toHaveLength(2);
    process.kill(running['web'] ?? 0, 'SIGKILL');
    await eventually('it is gone', () => !alive(running['web']));
    expect(workers.every(alive)).toBe(true);
    world = createWorld(home, [service]);
    expect(await world.supervisor.recover()).toEqual([]);
    await eventually('they are gone', () => !workers.some(alive));
  });

  it('finds a service whose daemon was killed between the launch and writing down the pid', async () => {
    const service = { id: 'web', port: await freePort() };
    const daemon = spawn(process.execPath, [DAEMON, home, JSON.stringify([service]), 'die-while-launching'], {
      stdio: 'ignore',
    });
    expect(await new Promise((resolve) => daemon.once('exit', (_, signal) => resolve(signal)))).toBe('SIGKILL');
    const record = JSON.parse(readFileSync(join(home, 'state', 'web.json'), 'utf8')) as { identity: unknown };
    expect(record.identity).toBeNull();
    const [pid] = carriersOf('web');
    world = createWorld(home, [service]);
    expect(await world.supervisor.recover()).toEqual(['web']);
    expect(world.supervisor.state('web').pid).toBe(pid);
    expect(carriersOf('web')).toEqual([pid]);
  });

  it('finds such a service by its program when it has overwritten its environment', async () => {
    const service = { id: 'web', port: await freePort() };
    const { running } = await daemonThatDies([service], 'start');
    const file = join(home, 'state', 'web.json');
    const record = JSON.parse(readFileSync(file, 'utf8')) as HandleRecord;
    writeFileSync(file, JSON.stringify({ ...record, identity: null }));
    const pid = running['web'] ?? 0;
    const mark = { marker: record.marker, aliveFile: join(home, 'state', 'web.alive') };
    const seen = findLaunched(table, { ...record, identity: null }, mark, () => 'lost');
    expect(seen?.pid).toBe(pid);
    expect(findLaunched(table, { ...record, identity: null, executable: '/bin/other' }, mark, () => 'lost')).toBeNull();
    expect(findLaunched(table, { ...record, identity: null }, mark, () => 'other')).toBeNull();
  });

  it('leaves no orphan and starts nothing twice, whenever the daemon is killed during launches', async () => {
    const services = await Promise.all(['a', 'b', 'c'].map(async (id) => ({ id, port: await freePort() })));
    let adoptions = 0;
    for (let delayMs = 0; delayMs < 120; delayMs += 6) {
      const daemon = spawn(process.execPath, [DAEMON, home, JSON.stringify(services), 'start'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      daemons.push(daemon);
      const gone = new Promise((resolve) => daemon.once('exit', resolve));
      // From the moment in which it begins to launch.
      await new Promise((resolve) => daemon.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, delayMs / 4));
      daemon.kill('SIGKILL');
      await gone;
      const next = createWorld(home, services);
      adoptions += (await next.supervisor.recover()).length;
      for (const { id } of services) {
        const carriers = carriersOf(id);
        expect(carriers.length, `processes of ${id}: ${carriers.join(' ')}`).toBe(
          next.supervisor.state(id).pid === null ? 0 : 1,
        );
      }
      await next.supervisor.stopAll();
      next.supervisor.detach();
    }
    console.log(`${adoptions} services were adopted from 20 daemons killed while launching`);
    expect(adoptions).toBeGreaterThan(0);
  });

  it('does not take a stranger for a service, though it has the recorded pid', async () => {
    const service = { id: 'web', port: await freePort() };
    await daemonThatDies([service], 'start');
    const file = join(home, 'state', 'web.json');
    const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const record = JSON.parse(readFileSync(file, 'utf8')) as { identity: { pid: number } };
    const { pid } = record.identity;
    writeFileSync(file, JSON.stringify({ ...record, identity: { ...record.identity, pid: stranger.pid } }));
    world = createWorld(home, [service]);
    expect(await world.supervisor.recover()).toEqual([]);
    expect(alive(stranger.pid)).toBe(true);
    stranger.kill('SIGKILL');
    // The real one carries the mark, and is ended: nothing knows it any more.
    expect(alive(pid)).toBe(false);
  });

  it.runIf(process.getuid?.() === 0)('runs a service as another user when it is root, with its log', async () => {
    const user = { uid: 65534, gid: 65534 };
    const driver = createProcessDriver({ folder: join(home, 'state'), homeDigest: digestOf(home), table });
    const spec = { ...misbehaving(home, 'nobody'), command: '/bin/sh', args: ['-c', 'id -u; exec sleep 60'], user };
    const handle = await driver.start(spec);
    await eventually('it wrote its user', () => logOf(spec).includes('65534'));
    // It replaced its program by another since it was recorded, and is still the same service.
    expect(
      await createProcessDriver({ folder: join(home, 'state'), homeDigest: digestOf(home), table }).recover(),
    ).toHaveLength(1);
    expect(spawnSync('stat', ['-c', '%u', spec.logFile]).stdout.toString().trim()).toBe('65534');
    await driver.kill(handle);
    await driver.release(handle);
  });
});

function carriersOf(id: string): number[] {
  return table.allPids().filter((pid) => {
    try {
      return (
        table.identifyNow(pid) !== null &&
        readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`KOJIBOX_SERVICE=${id}@${digestOf(home)}`)
      );
    } catch {
      return false;
    }
  });
}
