import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProcessDriver } from '../../daemon/drivers/process/process-driver.ts';
import { archivesOf, readStart } from '../../daemon/system/log-archives.ts';
import { followLog, type Follower } from '../../daemon/system/log-follow.ts';
import { startLogRotation, type LogRotation, type LogRotationOptions } from '../../daemon/system/log-rotation.ts';
import { createServiceLogs } from '../../daemon/service-logs.ts';
import { lastLines } from '../../daemon/system/log-tail.ts';
import * as table from '../../daemon/system/process-facts.linux.ts';
import { atMost } from '../figures.ts';
import { eventually, logOf, misbehaving } from '../fixtures/services/service-spec.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-logs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder = '';
let file = '';
const open: { stop(): void }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(root, 'logs-'));
  file = join(folder, 'web.log');
});
afterEach(() => {
  for (const item of open.splice(0)) item.stop();
});

const warnings: string[] = [];
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (text: string, fields?: object) => void warnings.push(`${text} ${JSON.stringify(fields)}`),
  error: () => undefined,
};
const rotate = (options: LogRotationOptions = {}): LogRotation => {
  const rotation = startLogRotation(folder, log, { lookEveryMs: 1_000_000, ...options });
  open.push(rotation);
  return rotation;
};
const follow = (onLines: (lines: string[], skipped: number) => void): Follower => {
  const follower = followLog(file, ({ lines, skippedBytes }) => onLines(lines, skippedBytes));
  open.push({ stop: () => follower.close() });
  return follower;
};
const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('');
/** The last lines of the live file and the archives, as clients get them. */
const lastLinesWithArchives = async (path: string, count: number): Promise<string[]> => {
  const logs = createServiceLogs({
    folder,
    exportFolder: folder,
    mask: (text) => text,
    publish: () => undefined,
    look: () => undefined,
  });
  return (await logs.tail(basename(path, '.log'), count)).map(({ message }) => message);
};
const blocksOf = (path: string): number => Number(execFileSync('stat', ['-c', '%b', path]).toString());

/** Every line on disk, archives first. */
async function* allLines(): AsyncGenerator<string> {
  for (const archive of archivesOf(file))
    yield* createInterface({ input: createReadStream(archive).pipe(createGunzip()) });
  yield* createInterface({ input: createReadStream(file, { start: readStart(file) }) });
}

/** Processor time of this thread, ms. */
const threadMs = (): number => (process.threadCpuUsage().user + process.threadCpuUsage().system) / 1000;

/**
 * Counts what blocks the event loop in work of this thread, because other programs of a busy machine interrupt it for longer.
 *
 * @returns ends it and tells the longest, ms
 */
function watchLoop(): () => number {
  let [longest, worked] = [0, threadMs()];
  const timer = setInterval(() => {
    const now = threadMs();
    longest = Math.max(longest, now - worked);
    worked = now;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

describe('rotation', () => {
  it('loses no line of a million, written as fast as possible while it rotates', async () => {
    const LINES = 1_000_000;
    const driver = createProcessDriver({ folder: join(folder, 'state'), homeDigest: 'logs', table });
    const rotation = rotate({ lookEveryMs: 20, keptArchives: 1000, limitBytes: Infinity });
    const blocked = watchLoop();
    const rssBefore = process.memoryUsage.rss();
    let rssMax = rssBefore;
    // A pause after each megabyte, so that it writes for longer than one rotation takes.
    const spec = misbehaving(folder, 'web', ['--flood', String(LINES), '--flood-pause', '5']);
    const handle = await driver.start(spec);
    await eventually(
      'all is written',
      () => {
        rssMax = Math.max(rssMax, process.memoryUsage.rss());
        return lastLines(file, 1)[0] === 'flood done';
      },
      60_000,
    );
    await driver.kill(handle);
    // One that is under way would make another archive of the end while the archives are read below.
    rotation.stop();
    await rotation.rotateDue();
    const blockedMs = blocked();
    const archives = archivesOf(file).length;
    const seen = new Uint8Array(LINES);
    let others = 0;
    for await (const line of allLines()) {
      const match = /^(\d{10}) x{88}$/.exec(line);
      if (match === null) others += 1;
      else seen[Number(match[1])] = (seen[Number(match[1])] ?? 0) + 1;
    }
    console.log(
      `1,000,000 lines: ${archives} archives, event loop blocked at most ${blockedMs.toFixed(1)} ms, RSS +${((rssMax - rssBefore) / 1048576).toFixed(0)} MB, left on disk ${(blocksOf(file) / 2048).toFixed(1)} MB`,
    );
    expect(others).toBe(1);
    expect(seen.every((times) => times === 1)).toBe(true);
    expect(archives).toBeGreaterThan(2);
    expect(blockedMs).toBeLessThan(atMost(100));
    expect(rssMax - rssBefore).toBeLessThan(150 * 1048576);
    expect(warnings).toEqual([]);
  });

  it('leaves a line that is being written whole, gives the blocks back, and keeps the newest archives', async () => {
    const rotation = rotate({ maxBytes: 10_000, keptArchives: 2 });
    for (let round = 0; round < 4; round++) {
      appendFileSync(file, numbered(round * 2000, round * 2000 + 2000));
      if (round === 3) appendFileSync(file, 'half of a l');
      await rotation.rotateDue();
    }
    expect(archivesOf(file)).toHaveLength(2);
    expect(lastLines(file, 10)).toEqual(['half of a l']);
    expect(blocksOf(file)).toBeLessThanOrEqual(8);
    appendFileSync(file, 'ine\n');
    expect(lastLines(file, 10)).toEqual(['half of a line']);
    expect(await lastLinesWithArchives(file, 3)).toEqual(['line 7998', 'line 7999', 'half of a line']);
    expect(await lastLinesWithArchives(file, 10_000)).toHaveLength(4001);
  });

  it('does not take the archives of a service whose name begins the same', async () => {
    const stranger = join(folder, 'web.8.2026-01-01T00-00-00-000Z.log.gz');
    writeFileSync(stranger, gzipSync('stranger\n'));
    const rotation = rotate({ maxBytes: 1, keptArchives: 1 });
    for (let round = 0; round < 3; round++) {
      appendFileSync(file, numbered(0, 10));
      await rotation.rotateDue();
    }
    expect(existsSync(stranger)).toBe(true);
    expect(await lastLinesWithArchives(file, 100)).not.toContain('stranger');
  });

  it('sets a large or rotated log aside when its service starts, and archives it', async () => {
    const rotation = rotate({ maxBytes: 10_000 });
    writeFileSync(file, numbered(0, 10));
    await rotation.prepare(file);
    expect(lastLines(file, 1)).toEqual(['line 9']);
    appendFileSync(file, numbered(10, 2000));
    await rotation.rotateDue();
    appendFileSync(file, numbered(2000, 2010));
    await rotation.prepare(file);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, 'new\n');
    await rotation.rotateDue();
    expect(readdirSync(folder).filter((name) => name.includes('from-'))).toEqual([]);
    expect(await lastLinesWithArchives(file, 10_000)).toEqual([...numbered(0, 2010).trim().split('\n'), 'new']);
  });

  it('without holes, rotates at the next start only', async () => {
    const rotation = rotate({ maxBytes: 1000, holes: false });
    writeFileSync(file, numbered(0, 2000));
    await rotation.rotateDue();
    expect(archivesOf(file)).toEqual([]);
    await rotation.prepare(file);
    await rotation.rotateDue();
    expect(archivesOf(file)).toHaveLength(1);
  });

  it('finishes what a daemon that died in the middle left, without a line twice', async () => {
    writeFileSync(file, numbered(0, 2000));
    // Died before the archive counted: the archive is void.
    writeFileSync(join(folder, 'web.2026-01-01T00-00-00-000Z.log.gz.tmp'), gzipSync(numbered(0, 500)));
    rotate().stop();
    expect(readdirSync(folder).filter((name) => name.includes('.gz'))).toEqual([]);
    // Died after it counted, before it had its name and before the hole.
    const rotation = rotate({ maxBytes: 1000 });
    await rotation.rotateDue();
    const [archive = ''] = archivesOf(file);
    renameSync(archive, `${archive}.tmp`);
    rotate().stop();
    expect(archivesOf(file)).toEqual([archive]);
    appendFileSync(file, numbered(2000, 2001));
    expect(await lastLinesWithArchives(file, 10_000)).toEqual(numbered(0, 2001).trim().split('\n'));
  });
});

describe('tail', () => {
  it('reads back only as far as needed, whatever the block borders', () => {
    writeFileSync(file, numbered(0, 50_000));
    expect(lastLines(file, 3)).toEqual(['line 49997', 'line 49998', 'line 49999']);
    expect(lastLines(file, 20_000)[0]).toBe('line 30000');
    expect(lastLines(file, 100_000)).toHaveLength(50_000);
    writeFileSync(file, 'ä'.repeat(100_000));
    expect(lastLines(file, 1)).toEqual(['ä'.repeat(100_000)]);
    expect(lastLines(join(folder, 'nothing.log'), 1)).toEqual([]);
  });

  it('answers quickly on a huge log, and bounds what it reads of one endless line', () => {
    writeFileSync(file, Buffer.alloc(64 * 1024 * 1024, 'x'));
    appendFileSync(file, '\nlast\n');
    const began = threadMs();
    expect(lastLines(file, 1)).toEqual(['last']);
    expect(threadMs() - began).toBeLessThan(atMost(20));
    const bytes = lastLines(file, 5).join('').length;
    expect(bytes).toBeLessThan(17 * 1024 * 1024);
  });
});

describe('follow', () => {
  it('gives new lines, whole, in order, also of a file that comes later or anew', async () => {
    const got: string[] = [];
    follow((lines) => void got.push(...lines));
    appendFileSync(file, 'one\ntw');
    await eventually('the first line came', () => got.length === 1);
    const umlaut = Buffer.from('o ä\n');
    appendFileSync(file, umlaut.subarray(0, 3));
    await eventually('the folder said so', () => statSync(file).size === 9);
    appendFileSync(file, umlaut.subarray(3));
    await eventually('the second line came', () => got.length === 2);
    renameSync(file, `${file}.old`);
    writeFileSync(file, 'a much longer beginning of another file\n');
    await eventually('the new file was seen', () => got.length === 3);
    expect(got).toEqual(['one', 'two ä', 'a much longer beginning of another file']);
  });

  it('skips a flood and says how much, with bounded work', async () => {
    let bytes = 0;
    let skipped = 0;
    let turns = 0;
    let last = '';
    follow((lines, left) => {
      turns += 1;
      bytes += lines.reduce((sum, line) => sum + line.length + 1, 0);
      skipped += left;
      last = lines.at(-1) ?? last;
    });
    const blocked = watchLoop();
    const spec = misbehaving(folder, 'web', ['--flood', '200000']);
    const began = performance.now();
    const child = spawn('/bin/sh', ['-c', 'exec "$0" "$@" >> "$LOG"', spec.command, ...spec.args], {
      env: { ...spec.env, LOG: file },
      stdio: 'ignore',
    });
    await eventually('the end was followed', () => last === 'flood done');
    const blockedMs = blocked();
    child.kill('SIGKILL');
    const allowed = 64 * 1024 * (Math.ceil((performance.now() - began) / 100) + 1);
    expect(bytes).toBeLessThanOrEqual(allowed);
    expect(turns).toBeLessThanOrEqual(allowed / (64 * 1024));
    expect(skipped).toBeGreaterThan(0);
    expect(bytes + skipped).toBe(statSync(file).size);
    expect(blockedMs).toBeLessThan(atMost(100));
    expect(logOf({ ...spec, logFile: file }).startsWith('0000000000 ')).toBe(true);
  });
});
