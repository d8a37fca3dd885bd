import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAtLeast, LOG_LEVELS, pageBefore, type LogEntry, type LogFilter } from '../../contract/logs.ts';
import { createServiceLogs, type ServiceLogs } from '../../daemon/service-logs.ts';
import { archivesOf, readStart } from '../../daemon/system/log-archives.ts';
import { startLogRotation, type LogRotation, type LogRotationOptions } from '../../daemon/system/log-rotation.ts';
import { atMost } from '../figures.ts';
import { eventually } from '../fixtures/services/service-spec.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-log-queries-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SECRET = 'hunter2-hunter2';
const EMPTY_LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let folder = '';
let exportFolder = '';
let logs: ServiceLogs;
const open: LogRotation[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(root, 'logs-'));
  exportFolder = join(folder, 'exports');
  logs = createServiceLogs({
    folder,
    exportFolder,
    mask: (text) => text.replaceAll(SECRET, '••••••'),
    publish: () => undefined,
    look: () => undefined,
  });
});
afterEach(() => {
  for (const rotation of open.splice(0)) rotation.stop();
});

const fileOf = (id: string): string => join(folder, `${id}.log`);
const rotate = (options: LogRotationOptions = {}): LogRotation => {
  const rotation = startLogRotation(folder, EMPTY_LOG, { lookEveryMs: 1_000_000, keptArchives: 1000, ...options });
  open.push(rotation);
  return rotation;
};
const query = (ids: string | string[], filter: LogFilter = {}, limit = 10_000): Promise<LogEntry[]> =>
  logs.query({ ids: [ids].flat(), filter, limit });
const messages = (entries: readonly LogEntry[]): string[] => entries.map(({ message }) => message);

const BEGAN = Date.now() - 3_600_000;
interface Written {
  readonly ts: string;
  readonly level: (typeof LOG_LEVELS)[number];
  readonly message: string;
  readonly text: string;
}
/** Every third entry has lines of its own; four share each time. */
function makeEntry(index: number, service: string): Written {
  const ts = new Date(BEGAN + Math.floor(index / 4) * 100).toISOString();
  const level = LOG_LEVELS[index % 4] ?? 'info';
  const more = index % 3 === 0 ? `\n    at run (/app/${service}.js:${index}:1)` : '';
  const message = `${service} entry ${index}${more}`;
  return { ts, level, message, text: `${ts} ${level} ${message}\n` };
}

/** Writes them over many archives and the live file. */
async function writeRotated(service: string, count: number, maxBytes = 20_000): Promise<Written[]> {
  const rotation = rotate({ maxBytes });
  const entries = Array.from({ length: count }, (_, index) => makeEntry(index, service));
  for (let at = 0; at < count; at += 100) {
    appendFileSync(
      fileOf(service),
      entries
        .slice(at, at + 100)
        .map(({ text }) => text)
        .join(''),
    );
    await rotation.rotateDue();
  }
  appendFileSync(fileOf(service), '');
  return entries;
}

describe('a query over rotated logs', () => {
  it('filters by level, time and text, and gives the newest, oldest first', async () => {
    const written = await writeRotated('web', 3_050);
    expect(archivesOf(fileOf('web')).length).toBeGreaterThan(5);
    expect(readStart(fileOf('web'))).toBeGreaterThan(0);
    const all = await query('web');
    expect(all.map(({ ts, level, message }) => ({ ts, level, message }))).toEqual(
      written.map(({ ts, level, message }) => ({ ts, level, message })),
    );
    const [from, to] = [written[700]?.ts ?? '', written[1500]?.ts ?? ''];
    const cases: readonly [LogFilter, (entry: Written) => boolean][] = [
      [{ level: 'warn' }, ({ level }) => isAtLeast(level, 'warn')],
      [{ from }, ({ ts }) => ts >= from],
      [{ to }, ({ ts }) => ts <= to],
      [{ from, to, level: 'error' }, ({ ts, level }) => ts >= from && ts <= to && level === 'error'],
      [{ text: 'ENTRY 12' }, ({ message }) => message.includes('entry 12')],
      [{ text: '/app/web.js:99' }, ({ message }) => message.includes('/app/web.js:99')],
      [
        { text: 'entry 3', level: 'info', to },
        ({ ts, level, message }) => message.includes('entry 3') && level !== 'debug' && ts <= to,
      ],
    ];
    for (const [filter, matches] of cases) {
      const expected = written.filter(matches).map(({ message }) => message);
      expect(expected.length).toBeGreaterThan(4);
      expect(messages(await query('web', filter))).toEqual(expected);
      for (const limit of [1, 7, 200])
        expect(messages(await query('web', filter, limit))).toEqual(expected.slice(-limit));
    }
    expect(await query('web', { from: new Date(Date.now() + 3_600_000).toISOString() })).toEqual([]);
  });

  it('pages backward through several services without losing or repeating one', async () => {
    const written = [...(await writeRotated('web', 700)), ...(await writeRotated('db', 500))];
    appendFileSync(fileOf('db'), 'NOTICE: PHP message: it tells no time\n'.repeat(30));
    const seen: LogEntry[] = [];
    let before: string | null = null;
    for (;;) {
      const page = await query(['web', 'db'], before === null ? {} : { before }, 17);
      if (page.length === 0) break;
      seen.unshift(...page);
      before = pageBefore(page, before ?? undefined);
    }
    expect(seen).toHaveLength(1230);
    expect(seen.map(({ ts }) => ts)).toEqual(seen.map(({ ts }) => ts).sort());
    expect(messages(seen).slice(0, -30).sort()).toEqual(written.map(({ message }) => message).sort());
    expect(seen).toEqual(await query(['web', 'db']));
  });

  it('keeps an entry whole that was rotated in its middle, and reads what was set aside', async () => {
    const rotation = rotate({ maxBytes: 10 });
    const line = (label: string, text: string): string => `2026-11-21 07:21:47.018 UTC [42] ${label}:  ${text}\n`;
    writeFileSync(fileOf('postgres'), line('LOG', 'before') + line('ERROR', 'no such table'));
    await rotation.rotateDue();
    appendFileSync(fileOf('postgres'), line('STATEMENT', 'select *') + '\t from nowhere\n' + line('LOG', 'after'));
    const expected = ['before', 'no such table\nSTATEMENT:  select *\n from nowhere', 'after'];
    expect(messages(await query('postgres'))).toEqual(expected);
    await rotation.rotateDue();
    expect(messages(await query('postgres'))).toEqual(expected);
    expect(messages(await query('postgres', {}, 2))).toEqual(expected.slice(1));
    expect(messages(await query('postgres', { text: 'nowhere' }))).toEqual(expected.slice(1, 2));
    appendFileSync(fileOf('postgres'), `${line('LOG', 'last of this run')}half of a l`);
    const prepared = rotation.prepare(fileOf('postgres'));
    writeFileSync(fileOf('postgres'), line('LOG', 'next run'));
    expect(readdirSync(folder).some((name) => name.includes('.from-'))).toBe(true);
    const runs = [...expected, 'last of this run\nhalf of a l', 'next run'];
    expect(messages(await query('postgres'))).toEqual(runs);
    await prepared;
    await rotation.rotateDue();
    expect(messages(await query('postgres'))).toEqual(runs);
  });

  it('reads on while the log is rotated or removed below it', async () => {
    const rotation = rotate({ maxBytes: 1000 });
    const count = 30_000;
    writeFileSync(fileOf('web'), Array.from({ length: count }, (_, index) => makeEntry(index, 'web').text).join(''));
    const expected = Array.from({ length: count }, (_, index) => makeEntry(index, 'web').message);
    const [found, exported] = await Promise.all([
      query('web', { level: 'error' }),
      logs.export({ ids: ['web'], asked: null, filter: {}, limit: undefined }),
      rotation.rotateDue(),
    ]);
    expect(messages(found)).toEqual(expected.filter((_, index) => index % 4 === 3));
    expect(readFileSync(exported, 'utf8')).toBe(expected.map((_, index) => makeEntry(index, 'web').text).join(''));
    expect(archivesOf(fileOf('web'))).toHaveLength(1);
    expect(messages(await query('web', { level: 'error' }))).toHaveLength(count / 4);
    // The hole was made as soon as nobody read any more.
    expect(statSync(fileOf('web')).blocks).toBeLessThanOrEqual(8);
    const [archive = ''] = archivesOf(fileOf('web'));
    truncateSync(archive, Math.floor(statSync(archive).size / 2));
    expect((await query('web')).length).toBeGreaterThan(100);
    const late = query('web');
    rmSync(archive);
    expect((await late).length).toBeLessThan(count);
  });

  it('does not hold up the start of a service, and loses nothing by it', async () => {
    const rotation = rotate({ maxBytes: 1000 });
    const count = 30_000;
    const texts = Array.from({ length: count }, (_, index) => makeEntry(index, 'web').text);
    writeFileSync(fileOf('web'), texts.join(''));
    let exported = false;
    const exporting = logs.export({ ids: ['web'], asked: null, filter: {}, limit: undefined }).then((path) => {
      exported = true;
      return path;
    });
    const rotating = rotation.rotateDue();
    await eventually('the archive is complete', () => archivesOf(fileOf('web')).length === 1);
    await rotation.prepare(fileOf('web'));
    expect(exported).toBe(false);
    writeFileSync(fileOf('web'), makeEntry(count, 'web').text);
    expect(readFileSync(await exporting, 'utf8')).toBe(texts.join(''));
    await rotating;
    await rotation.rotateDue();
    const path = await logs.export({ ids: ['web'], asked: null, filter: {}, limit: undefined });
    expect(readFileSync(path, 'utf8')).toBe(texts.join('') + makeEntry(count, 'web').text);
  });

  it('gives nothing for a service that wrote nothing, and masks secrets', async () => {
    expect(await query('redis')).toEqual([]);
    writeFileSync(fileOf('web'), `password=${SECRET}\n`);
    expect(messages(await query('web'))).toEqual(['password=••••••']);
    expect(await query('web', { text: SECRET })).toEqual([]);
    expect(messages(await logs.tail('web', 1))).toEqual(['password=••••••']);
  });

  it('shows in error messages what was written since the launch only', async () => {
    const rotation = rotate({ maxBytes: 1000 });
    writeFileSync(fileOf('web'), 'an earlier run\n');
    expect(logs.lastText('web', 6)).toBe('an earlier run');
    logs.noteLaunch(fileOf('web'));
    expect(logs.lastText('web', 6)).toBe('');
    appendFileSync(fileOf('web'), `this run\n${SECRET}\n`);
    expect(logs.lastText('web', 6)).toBe('this run | ••••••');
    appendFileSync(fileOf('web'), 'x'.repeat(2000));
    await rotation.prepare(fileOf('web'));
    logs.noteLaunch(fileOf('web'));
    expect(logs.lastText('web', 6)).toBe('');
    writeFileSync(fileOf('web'), 'a new file\n');
    expect(logs.lastText('web', 6)).toBe('a new file');
  });
});

describe('an export', () => {
  const exportOf = (ids: string[], filter: LogFilter = {}, limit?: number): Promise<string> =>
    logs.export({ ids, asked: ids, filter, limit });

  it('has all lines that match as they were printed, secrets masked, for its owner only', async () => {
    const written = await writeRotated('web', 2_000);
    appendFileSync(fileOf('web'), `2026-11-21 07:21:47.018 UTC [42] LOG:  password ${SECRET}\n`);
    const path = await exportOf(['web']);
    expect(path).toMatch(/\/exports\/web-all-\d{4}-[^/]*Z\.log$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe(
      `${written.map(({ text }) => text).join('')}2026-11-21 07:21:47.018 UTC [42] LOG:  password ••••••\n`,
    );
    const errors = await exportOf(['web'], { level: 'error', text: 'entry 7' });
    expect(errors).toMatch(/\/web-error-/);
    expect(readFileSync(errors, 'utf8')).toBe(
      written
        .filter(({ level, message }) => level === 'error' && message.includes('entry 7'))
        .map(({ text }) => text)
        .join(''),
    );
    expect(readFileSync(await exportOf(['web'], { level: 'error' }, 3), 'utf8')).toBe(
      written
        .filter(({ level }) => level === 'error')
        .slice(-3)
        .map(({ text }) => text)
        .join(''),
    );
  });

  it('of several services is in the order of time and says whose a line is', async () => {
    writeFileSync(fileOf('a'), `${makeEntry(0, 'a').text}${makeEntry(8, 'a').text}`);
    writeFileSync(fileOf('web'), makeEntry(4, 'web').text);
    const path = await exportOf(['a', 'web']);
    expect(path).toContain('/a+web-all-');
    const [ta, tw, tb] = [makeEntry(0, 'a').ts, makeEntry(4, 'web').ts, makeEntry(8, 'a').ts];
    expect(readFileSync(path, 'utf8')).toBe(
      `a   | ${ta} debug a entry 0\na   |     at run (/app/a.js:0:1)\nweb | ${tw} debug web entry 4\na   | ${tb} debug a entry 8\n`,
    );
  });

  it('never overwrites another, keeps the last ten, and leaves nothing half written', async () => {
    writeFileSync(fileOf('web'), makeEntry(0, 'web').text);
    const paths = await Promise.all(Array.from({ length: 5 }, () => exportOf(['web'])));
    expect(new Set(paths).size).toBe(5);
    writeFileSync(join(exportFolder, '.web-all-x.log.tmp'), 'of a daemon that died');
    for (let index = 0; index < 8; index++) paths.push(await exportOf(['web'], {}, 1));
    const kept = readdirSync(exportFolder).map((name) => join(exportFolder, name));
    expect(kept).toHaveLength(10);
    expect(paths).toEqual(expect.arrayContaining(kept));
    expect(kept).toEqual(expect.arrayContaining(paths.slice(5)));
  });
});

describe('a log of a million lines', () => {
  const LINES = 1_000_000;
  const lineOf = (index: number): string => {
    const ts = new Date(BEGAN + index).toISOString();
    const level = index % 100_000 === 99_999 ? 'ERROR' : 'LOG';
    const head = `${ts.slice(0, 10)} ${ts.slice(11, 23)} UTC [42] ${level}:  line ${index} `;
    return `${head}${(index * 2_654_435_761)
      .toString(36)
      .repeat(10)
      .slice(0, 99 - head.length)}\n`;
  };

  /**
   * Runs it while the event loop and the memory are watched. What blocks the loop is counted in processor time of this thread: other
   * programs of a busy machine may interrupt it for longer.
   */
  async function measure<T>(
    what: string,
    work: () => Promise<T>,
  ): Promise<{ result: T; ms: number; blockedMs: number; rss: number }> {
    const cpuMs = (): number => (process.threadCpuUsage().user + process.threadCpuUsage().system) / 1000;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const before = process.memoryUsage.rss();
    let [highest, blockedMs, cpuBefore] = [before, 0, cpuMs()];
    const timer = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage.rss());
      const cpu = cpuMs();
      blockedMs = Math.max(blockedMs, cpu - cpuBefore);
      cpuBefore = cpu;
    }, 1);
    delay.enable();
    const began = performance.now();
    const result = await work();
    const ms = performance.now() - began;
    delay.disable();
    clearInterval(timer);
    const rss = (highest - before) / 1048576;
    console.log(
      `${what}: ${ms.toFixed(1)} ms; event loop blocked at most ${blockedMs.toFixed(1)} ms of work, ${(delay.max / 1e6).toFixed(1)} ms with what others did; RSS +${rss.toFixed(0)} MB`,
    );
    return { result, ms, blockedMs, rss };
  }
  /** The quickest of three: the others were disturbed. */
  async function measureOften<T>(
    what: string,
    work: () => Promise<T>,
  ): Promise<{ result: T; ms: number; blockedMs: number }> {
    const runs = [await measure(what, work), await measure(what, work), await measure(what, work)];
    return runs.reduce((best, run) => (run.ms < best.ms ? run : best));
  }

  it('is answered at once, and searched without blocking or filling the memory', async () => {
    const rotation = rotate({ maxBytes: 5_000_000 });
    const file = fileOf('postgres');
    for (let round = 0; round < 10; round++) {
      for (let part = 0; part < 10; part++) {
        const first = round * 100_000 + part * 10_000;
        appendFileSync(file, Array.from({ length: 10_000 }, (_, index) => lineOf(first + index)).join(''));
      }
      if (round < 9) await rotation.rotateDue();
    }
    expect(archivesOf(file)).toHaveLength(9);
    const last = Array.from({ length: 100 }, (_, index) => `line ${LINES - 100 + index}`);
    const short = (entries: readonly LogEntry[]): string[] =>
      entries.map(({ message }) => message.split(' ').slice(0, 2).join(' '));

    const live = await measureOften('limit 100, from the live file', () => query('postgres', { level: 'info' }, 100));
    expect(short(live.result)).toEqual(last);
    await rotation.rotateDue();
    expect(archivesOf(file)).toHaveLength(10);
    const archived = await measureOften('limit 100, just rotated', () => query('postgres', { level: 'info' }, 100));
    expect(short(archived.result)).toEqual(last);
    for (const { ms, blockedMs } of [live, archived]) {
      expect(ms).toBeLessThan(atMost(100));
      expect(blockedMs).toBeLessThan(atMost(50));
    }

    const from = new Date(BEGAN + 250_000).toISOString();
    const to = new Date(BEGAN + 250_009).toISOString();
    const runs = [
      await measure('full text over everything, nothing there', () =>
        query('postgres', { text: 'nowhere to be found' }, 100),
      ),
      await measure('full text over everything, one entry', () => query('postgres', { text: 'LINE 123456 ' }, 100)),
      await measure('level error over everything', () => query('postgres', { level: 'error' }, 100)),
      await measure('a time range in the middle', () => query('postgres', { from, to }, 100)),
      await measure('limit 10,000', () => query('postgres', {}, 10_000)),
    ];
    expect(runs.map(({ result }) => result.length)).toEqual([0, 1, 10, 10, 10_000]);
    expect(short(runs[3]?.result ?? [])[0]).toBe('line 250000');
    const exported = await measure('export of everything', () =>
      logs.export({ ids: ['postgres'], asked: null, filter: {}, limit: undefined }),
    );
    for (const { blockedMs, rss } of [...runs, exported]) {
      expect(blockedMs).toBeLessThan(atMost(50));
      expect(rss).toBeLessThan(150);
    }
    const lines = readFileSync(exported.result, 'utf8').split('\n');
    expect(lines).toHaveLength(LINES + 1);
    expect(lines.every((line, index) => index === LINES || `${line}\n` === lineOf(index))).toBe(true);
  });
});
