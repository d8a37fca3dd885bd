/** The first site of a newcomer on other Linux releases: a clean clone, a plain user, real runtimes. Needs root and the network. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveOutside, type OutsideServer } from './outside-server.ts';
import { cloneInto, getFrom, processesIn, runInside, startInside, type StartedInside } from './root-world.ts';
import { ALL, makeRoot, removeRoot, SHORT } from './roots.ts';

const DEADLINE_MS = 240_000;
const roots = process.env['KOJIBOX_TEST_LONG'] === '1' ? ALL : SHORT;

describe.skipIf(process.getuid?.() !== 0).each(roots)('a newcomer on $name', (root) => {
  const began = performance.now();
  let folder: string;
  let outside: OutsideServer;
  let started: StartedInside | undefined;

  beforeAll(async () => {
    folder = makeRoot(root);
    cloneInto(folder);
    outside = await serveOutside();
    appendFileSync(join(folder, root.bundle), `\n${outside.authority}`);
  });
  afterAll(async () => {
    await started?.interrupt();
    outside?.close();
    if (folder !== undefined) removeRoot(folder);
  });

  it('sees the first site after npm start', async () => {
    started = await startInside(folder, DEADLINE_MS);
    const status = await getFrom(folder, `${started.url}/status.json`);
    expect(JSON.parse(status.body)).toEqual({
      php: expect.stringMatching(/^8\.2\.\d+/),
      postgres: expect.stringMatching(/^17\.\d+/),
      mariadb: expect.stringMatching(/^10\.11\.\d+/),
      redis: expect.stringMatching(/^7\.0\.\d+/),
    });
  });

  it('has PHP that trusts what this system trusts, and knows its time zones', () => {
    expect(runInside(folder, `./koji php -r 'echo file_get_contents(\\"${outside.url}\\");'`)).toBe('trusted');
    const zone =
      'echo (new DateTime(\\"2026-07-01 12:00 UTC\\"))->setTimezone(new DateTimeZone(\\"Europe/Berlin\\"))->format(\\"H\\");';
    expect(runInside(folder, `./koji php -r '${zone}'`)).toBe('14');
  });

  it('ends with Ctrl-C and leaves no process', async () => {
    expect(await started?.interrupt()).toBe(0);
    expect(processesIn(folder)).toEqual([]);
    console.log(`${root.name}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    started = undefined;
  });
});
