import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBefore, type LogEntry, type LogFilter } from '../../contract/logs.ts';
import { createServiceLogs, type ServiceLogs } from '../../daemon/service-logs.ts';
import { archivesOf } from '../../daemon/system/log-archives.ts';
import { startLogKeeping, type LogKeeping } from '../../daemon/system/log-keeping.ts';
import type { LogRotationOptions } from '../../daemon/system/log-rotation.ts';
import { atMost } from '../figures.ts';
import { eventually } from '../fixtures/services/service-spec.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-log-keeping-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder = '';
let file = '';
let keeping: LogKeeping;
let logs: ServiceLogs;
let published: LogEntry[] = [];
const warnings: string[] = [];
const open: (() => void)[] = [];
const children: ChildProcess[] = [];

/** As a daemon that begins; the one before is gone. */
function begin(options: LogRotationOptions = {}): void {
  for (const stop of open.splice(0)) stop();
  keeping = startLogKeeping(
    folder,
    {
      debug: () => undefined,
      info: () => undefined,
      warn: (text, fields) => void warnings.push(`${text} ${JSON.stringify(fields)}`),
      error: () => undefined,
    },
    options,
  );
  logs = createServiceLogs({
    folder,
    exportFolder: join(folder, 'exports'),
    mask: (text) => text,
    publish: (entry) => void published.push(entry),
    look: (path) => keeping.look(path),
  });
  const [mine, mineToo] = [keeping, logs];
  open.push(() => {
    mineToo.follow(new Set());
    mine.stop();
  });
}
beforeEach(() => {
  folder = mkdtempSync(join(root, 'logs-'));
  file = join(folder, 'web.log');
  published = [];
  warnings.length = 0;
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const stop of open.splice(0)) stop();
});

const query = (filter: LogFilter = {}, limit = 10_000): Promise<LogEntry[]> =>
  logs.query({ ids: ['web'], filter, limit });
const messages = (entries: readonly LogEntry[]): string[] => entries.map(({ message }) => message);
const tell = ({ ts, message }: LogEntry): string => `${ts} ${message}`;

/** A service as the driver launches it: its log is its stdout, opened for appending. */
function runService(script: string): ChildProcess {
  const descriptor = openSync(file, 'a');
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', descriptor, descriptor] });
  closeSync(descriptor);
  children.push(child);
  return child;
}
const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()));
const say = (child: ChildProcess, line: string): void => void child.stdin?.write(`${line}\n`);
/** Of all that is in the folder, in bytes. */
const diskBytes = (): number =>
  readdirSync(folder).reduce((sum, name) => {
    // The second name of a log is the same file.
    if (name.endsWith('.keep')) return sum;
    return sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }, 0);

describe('lines without a time', () => {
  it('have the time of their arrival, which never changes', async () => {
    begin();
    const service = runService('cat');
    const said: [string, number, number][] = [];
    let seen: string[] = [];
    for (const line of ['one', 'two', 'three', 'four']) {
      const before = Date.now();
      say(service, line);
      await eventually('it is found', async () => (await query()).length === said.length + 1);
      said.push([line, before, Date.now()]);
      const now = (await query()).map(tell);
      expect(now.slice(0, seen.length)).toEqual(seen);
      seen = now;
      await sleep(300);
    }
    const entries = await query();
    expect(entries.map(tell)).toEqual(seen);
    expect(entries.some(({ approximate }) => approximate === true)).toBe(false);
    entries.forEach(({ ts, message }, index) => {
      const [line, from, to] = said[index] ?? ['', 0, 0];
      expect(message).toBe(line);
      // The kernel counts the time of a file in ticks.
      expect(Date.parse(ts)).toBeGreaterThanOrEqual(from - 15);
      expect(Date.parse(ts)).toBeLessThanOrEqual(to);
    });
    const between = new Date(Date.parse(entries[1]?.ts ?? '') + 1).toISOString();
    expect(messages(await query({ from: between }))).toEqual(['three', 'four']);
    expect(messages(await query({ to: between }))).toEqual(['one', 'two']);
  });

  it('keep it through rotation, a new daemon, a new start of the service, and the export', async () => {
    begin({ maxBytes: 1000, keptArchives: 100 });
    const times = new Map<string, string>();
    for (let round = 0; round < 6; round++) {
      appendFileSync(
        file,
        Array.from({ length: 40 }, (_, index) => `line ${round} ${index} ${'x'.repeat(20)}\n`).join(''),
      );
      for (const { message, ts } of await query()) {
        expect(ts).toBe(times.get(message) ?? ts);
        times.set(message, ts);
      }
      await keeping.rotateDue();
      if (round === 2) begin({ maxBytes: 1000, keptArchives: 100 });
      if (round === 4) await keeping.prepare(file);
      await sleep(20);
    }
    begin({ maxBytes: 1000, keptArchives: 100 });
    const entries = await query();
    expect(entries).toHaveLength(240);
    expect(archivesOf(file).length).toBeGreaterThan(3);
    for (const { message, ts, approximate } of entries) {
      expect(ts).toBe(times.get(message));
      expect(approximate).toBe(undefined);
    }
    const ts = entries.map((entry) => entry.ts);
    expect(ts).toEqual([...ts].sort());
    expect(new Set(ts).size).toBeGreaterThan(5);
  });

  it('that came while no daemon ran have the latest time they can have, and say that it is one', async () => {
    begin();
    appendFileSync(file, 'watched\n');
    const [watched] = await query();
    for (const stop of open.splice(0)) stop();
    appendFileSync(file, 'alone\nalone too\n');
    const late = Date.parse(watched?.ts ?? '') + 3000;
    utimesSync(file, new Date(late), new Date(late));
    await eventually('the time has come', () => Date.now() > late);
    begin();
    const entries = await query();
    expect(entries.map(({ message, approximate }) => [message, approximate])).toEqual([
      ['watched', undefined],
      ['alone', true],
      ['alone too', true],
    ]);
    expect(entries[0]).toEqual(watched);
    appendFileSync(file, 'watched again\n');
    const later = await query();
    expect(later.slice(0, 3)).toEqual(entries);
    expect(later[3]?.approximate).toBe(undefined);
    expect(Date.parse(later[3]?.ts ?? '')).toBeGreaterThanOrEqual(Date.parse(entries[2]?.ts ?? ''));
  });

  it('have the same time for those who follow and those who ask later', async () => {
    begin();
    logs.follow(new Set(['web']));
    const service = runService('cat');
    for (let index = 0; index < 30; index++) {
      say(service, `line ${index}`);
      await sleep(index % 7 === 0 ? 120 : 5);
    }
    await eventually('all were followed', () => published.length === 30);
    expect(published.map(tell)).toEqual((await query()).map(tell));
  });

  it('are paged through quickly and completely, however many came at once', async () => {
    begin({ limitBytes: Infinity, keptArchives: 1000 });
    const count = 60_000;
    for (let at = 0; at < count; at += 10_000)
      appendFileSync(file, Array.from({ length: 10_000 }, (_, index) => `${at + index} ${'y'.repeat(60)}\n`).join(''));
    await keeping.rotateDue();
    let before: string | undefined;
    let seen = 0;
    let longest = 0;
    for (;;) {
      const began = process.cpuUsage().user;
      const page: LogEntry[] = await query(before === undefined ? {} : { before });
      longest = Math.max(longest, (process.cpuUsage().user - began) / 1000);
      if (page.length === 0) break;
      expect(Number(page[0]?.message.split(' ')[0])).toBe(count - seen - page.length);
      seen += page.length;
      before = pageBefore(page, before) ?? undefined;
    }
    expect(seen).toBe(count);
    console.log(`60,000 lines in pages of 10,000: ${longest.toFixed(0)} ms of processor time for the slowest page`);
    expect(longest).toBeLessThan(atMost(3000));
  });
});

describe('a log that is removed while its service runs', () => {
  it('comes back with what is written from then on, also for those who follow', async () => {
    begin();
    logs.follow(new Set(['web']));
    const service = runService('cat');
    say(service, 'before');
    await eventually('it was followed', () => published.length === 1);
    rmSync(file);
    await eventually('the log is there again', () => existsSync(file));
    say(service, 'after');
    await eventually('the new line is found', async () => messages(await query()).includes('after'));
    await eventually('what was removed stays removed', async () => !messages(await query()).includes('before'));
    const found = messages(await query());
    expect(found.at(-1)).toBe('after');
    expect(found[0]).toContain('web.log was removed while web wrote into it');
    await eventually('the new line was followed', () => published.some(({ message }) => message === 'after'));
    expect(messages(published).filter((message) => message === 'after')).toHaveLength(1);
    expect(warnings.join()).toContain('a log was removed');
    await eventually('the space is free', () => statSync(file).blocks <= 8);
  });

  it('stays removed when nothing writes into it', async () => {
    begin();
    appendFileSync(file, 'an earlier run\n');
    expect(messages(await query())).toEqual(['an earlier run']);
    rmSync(file);
    await eventually('no second name is left', () => !existsSync(join(folder, '.web.log.keep')));
    expect(existsSync(file)).toBe(false);
    expect(await query()).toEqual([]);
  });

  it('comes back when another file has taken its name, and keeps what is in that one', async () => {
    begin();
    const service = runService('cat');
    say(service, 'before');
    await eventually('it arrived', async () => (await query()).length === 1);
    renameSync(file, join(folder, 'moved-away'));
    writeFileSync(file, 'of a stranger\n');
    say(service, 'after');
    await eventually('all is found', async () => {
      const found = messages(await query());
      return found.includes('after') && found.includes('of a stranger') && !existsSync(join(folder, 'x'));
    });
  });

  it('is read through the service when its folder is gone too', async () => {
    begin({ lookEveryMs: 100 });
    const service = runService('cat');
    say(service, 'before');
    await eventually('it arrived', async () => (await query()).length === 1);
    rmSync(folder, { recursive: true });
    say(service, 'after');
    await eventually('the new line is found', async () => messages(await query()).includes('after'));
    expect(warnings.join()).toContain('koji restart web');
  });

  it('is not looked for behind a link', async () => {
    const secret = join(root, 'secret');
    writeFileSync(secret, 'secret line\n');
    symlinkSync(secret, file);
    begin();
    expect(await query()).toEqual([]);
    await keeping.rotateDue();
    expect(statSync(secret).size).toBe(12);
  });
});

describe('a log that is cut to nothing while its service runs', () => {
  it('is read on, whatever was rotated before', async () => {
    begin({ maxBytes: 1000, keptArchives: 1 });
    const service = runService('cat');
    for (let index = 0; index < 100; index++) say(service, `old ${index} ${'x'.repeat(20)}`);
    await eventually('it arrived', async () => (await query()).length === 100);
    await keeping.rotateDue();
    truncateSync(file);
    await eventually('it was noticed', () => !existsSync(join(folder, '.web.log.start')));
    say(service, 'new');
    await eventually('the new line is found', async () => messages(await query()).at(-1) === 'new');
  });
});

describe('a flood', () => {
  it('is bounded, says how much was given up, and leaves the daemon free', async () => {
    const limitBytes = 16 * 1024 * 1024;
    begin({ limitBytes, maxBytes: 2 * 1024 * 1024 });
    let [most, longest] = [0, 0];
    let last = performance.now();
    let cpu = process.threadCpuUsage();
    const timer = setInterval(() => {
      const used = process.threadCpuUsage(cpu);
      cpu = process.threadCpuUsage();
      longest = Math.max(longest, (used.user + used.system) / 1000);
      if (performance.now() - last < 20) return;
      last = performance.now();
      most = Math.max(most, diskBytes());
    }, 2);
    // More than ten times the limit.
    const service = runService('yes flood flood flood flood | head -c 400000000; echo; echo last line');
    await ended(service);
    clearInterval(timer);
    await eventually(
      'what is left was rotated',
      async () => {
        await keeping.rotateDue();
        return diskBytes() < limitBytes;
      },
      20_000,
    );
    const entries = await query({ level: 'warn' });
    expect(
      entries.some(({ message }) => /^\d+(\.\d)? MB of this log were given up here: web wrote faster/.test(message)),
    ).toBe(true);
    expect((await query({}, 1))[0]?.message).toBe('last line');
    console.log(
      `400 MB: at most ${(most / 1e6).toFixed(0)} MB on disk, event loop busy for at most ${longest.toFixed(0)} ms`,
    );
    // What it writes between two looks on a busy machine; without a bound it would be all of it.
    expect(most).toBeLessThan(200 * 1024 * 1024);
    expect(longest).toBeLessThan(atMost(150));
  });

  it('without holes is bounded as well', async () => {
    begin({ limitBytes: 4 * 1024 * 1024, holes: false });
    const service = runService('yes flood | head -c 100000000; sleep 1; echo last line');
    await ended(service);
    expect(statSync(file).size).toBeLessThan(60 * 1024 * 1024);
    expect((await query({}, 1))[0]?.message).toBe('last line');
    expect(messages(await query({ level: 'warn' }))[0]).toContain('were given up here');
  });
});

describe('those who follow', () => {
  it('get each line once, with rotation at random moments', async () => {
    begin({ maxBytes: 4000, keptArchives: 10_000, lookEveryMs: 30 });
    logs.follow(new Set(['web']));
    const count = 3000;
    const service = runService(
      `i=0; while [ $i -lt ${count} ]; do echo "line $i"; i=$((i+1)); [ $((i % 50)) -eq 0 ] && sleep 0.01; done; cat`,
    );
    let random = 7;
    const deadline = Date.now() + 40_000;
    while (published.length < count) {
      random = (random * 48_271) % 2_147_483_647;
      await sleep(random % 20);
      if (random % 3 === 0) await keeping.rotateDue();
      if (random % 5 === 0) await query({}, 10);
      if (service.exitCode !== null || Date.now() > deadline) break;
    }
    const expected = Array.from({ length: count }, (_, index) => `line ${index}`);
    expect(messages(published)).toEqual(expected);
    const asked = await query();
    expect(messages(asked)).toEqual(expected);
    expect(published.map(tell)).toEqual(asked.map(tell));
    expect(archivesOf(file).length).toBeGreaterThan(2);
  });
});

it('marks of a log cost little', async () => {
  begin();
  const descriptor = openSync(file, 'a');
  for (let index = 0; index < 100; index++) {
    writeSync(descriptor, `line ${index}\n`);
    await sleep(10);
  }
  closeSync(descriptor);
  expect(await query()).toHaveLength(100);
  // Four marks a second.
  expect(statSync(join(folder, '.web.log.arrivals')).size).toBeLessThan(100 * 20);
  expect(Number(execFileSync('stat', ['-c', '%h', file]).toString())).toBe(2);
});
