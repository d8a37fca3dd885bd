/** One service writes 1,000,000 lines of 100 bytes as fast as it can: time, lost lines, and what the daemon feels of it. */
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { createProcessDriver } from '../daemon/drivers/process/process-driver.ts';
import { archivesOf, readStart } from '../daemon/system/log-archives.ts';
import { followLog } from '../daemon/system/log-follow.ts';
import { startLogRotation } from '../daemon/system/log-rotation.ts';
import { lastLines } from '../daemon/system/log-tail.ts';
import * as table from '../daemon/system/process-facts.linux.ts';
import { misbehaving } from '../tests/fixtures/services/service-spec.ts';

const LINES = 1_000_000;
const ALLOWED_BLOCK_MS = 100;

const folder = mkdtempSync(join(tmpdir(), 'kojibox-bench-'));
const file = join(folder, 'web.log');
const driver = createProcessDriver({ folder: join(folder, 'state'), homeDigest: 'bench', table });
const silent = { debug: () => undefined, info: () => undefined, warn: console.error, error: console.error };
const rotation = startLogRotation(folder, silent, { lookEveryMs: 50, keptArchives: 1000, limitBytes: Infinity });
let followed = 0;
let skippedBytes = 0;
const follower = followLog(file, ({ lines, skippedBytes: skipped }) => {
  followed += lines.length;
  skippedBytes += skipped;
});

const loop = monitorEventLoopDelay({ resolution: 2 });
const rssBefore = process.memoryUsage.rss();
let rssMax = rssBefore;
loop.enable();
const cpuBefore = process.cpuUsage();
const began = performance.now();
const handle = await driver.start(misbehaving(folder, 'web', ['--flood', String(LINES)]));
while (lastLines(file, 1)[0] !== 'flood done') {
  rssMax = Math.max(rssMax, process.memoryUsage.rss());
  await sleep(5);
}
const writtenMs = performance.now() - began;
await rotation.rotateDue();
rssMax = Math.max(rssMax, process.memoryUsage.rss());
const cpu = process.cpuUsage(cpuBefore);
loop.disable();
follower.close();
rotation.stop();
await driver.kill(handle);
await driver.release(handle);

const seen = new Uint8Array(LINES);
const count = async (input: NodeJS.ReadableStream): Promise<void> => {
  for await (const line of createInterface({ input })) {
    const number = /^(\d{10}) x{88}$/.exec(line)?.[1];
    if (number !== undefined) seen[Number(number)] = (seen[Number(number)] ?? 0) + 1;
  }
};
for (const archive of archivesOf(file)) await count(createReadStream(archive).pipe(createGunzip()));
await count(createReadStream(file, { start: readStart(file) }));
const wrong = seen.reduce((sum, times) => sum + (times === 1 ? 0 : 1), 0);
const blockedMs = loop.max / 1e6;

console.log(`written in                       ${writtenMs.toFixed(0)} ms, with the start of the program`);
console.log(
  `lines lost or doubled            ${wrong} of ${LINES}, over ${archivesOf(file).length} archives and the live file`,
);
console.log(`daemon's event loop blocked      at most ${blockedMs.toFixed(1)} ms (allowed: ${ALLOWED_BLOCK_MS} ms)`);
console.log(`daemon's memory                  +${((rssMax - rssBefore) / 1048576).toFixed(0)} MB RSS at most`);
console.log(`daemon's CPU, rotation and all   ${((cpu.user + cpu.system) / 1000).toFixed(0)} ms`);
console.log(`live file after the rotation     ${(statSync(file).blocks / 2048).toFixed(1)} MB on disk`);
console.log(`a follower got                   ${followed} lines and was told of ${skippedBytes} bytes left out`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong === 0 && blockedMs < ALLOWED_BLOCK_MS ? 0 : 1;
