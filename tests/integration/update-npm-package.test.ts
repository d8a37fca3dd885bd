/** `npm pack`, then `npm install --global` of the tarball into a folder of its own, as on a machine that has nothing but Node and npm. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DaemonFile } from '../../contract/daemon.ts';

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'kojibox-npm-'));
const home = join(root, 'home');
const koji = join(root, 'prefix', 'bin', 'koji');
const env = { ...process.env, KOJIBOX_HOME: home, KOJIBOX_HOSTS_FILE: join(root, 'hosts') };
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
let packed: { size: number; files: { path: string }[] };

beforeAll(async () => {
  chmodSync(root, 0o711);
  writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n');
  // dist/ is there already: the scripts would build it anew under the feet of other tests.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', root]);
  [packed] = JSON.parse(stdout) as [typeof packed];
  const archive = join(root, `kojibox-${version}.tgz`);
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', '--global', '--prefix', join(root, 'prefix'), ...flags, archive], { cwd: root });
});
afterAll(async () => {
  await run(koji, ['quit'], { env }).finally(() => rmSync(root, { recursive: true, force: true }));
});

it('is small, and holds the programs and nothing of the checkout', () => {
  const names = packed.files.map(({ path }) => path);
  // With what checks the signatures of archives.
  expect(packed.size).toBeLessThan(2_500_000);
  expect(names).toEqual(
    expect.arrayContaining(['koji', 'dist/cli/main.mjs', 'dist/daemon/main.mjs', 'dist/renderer/index.html']),
  );
  expect(names.filter((name) => !/^(dist\/|koji(\.cmd)?$|package\.json$|README|LICENSE|CHANGELOG)/.test(name))).toEqual(
    [],
  );
  expect(names.filter((name) => /\.(map|ts)$|test|^dist\/electron\/preload/.test(name))).toEqual([]);
  const installed = readdirSync(join(root, 'prefix/lib/node_modules/kojibox/node_modules'));
  for (const tool of ['vite', 'electron', 'playwright', 'typescript']) expect(installed).not.toContain(tool);
});

it('runs: the version, the daemon in the foreground with its user interface, and the end', async () => {
  expect((await run(koji, ['--version'], { env })).stdout.trim()).toBe(version);
  const served = spawn(koji, ['serve'], { env, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => served.on('exit', resolve));
  const daemon = await expect
    .poll(() => readFileSync(join(home, 'app/daemon.json'), 'utf8'), { timeout: 60_000 })
    .toContain('token')
    .then(() => JSON.parse(readFileSync(join(home, 'app/daemon.json'), 'utf8')) as DaemonFile);
  expect(await (await fetch(`${daemon.url}/healthz`)).json()).toEqual({ status: 'ok', version });
  expect(await (await fetch(daemon.url)).text()).toContain('<div id="app"');
  served.kill('SIGTERM');
  expect(await ended).toBe(0);
});

it('says who updates it', async () => {
  const { stdout } = await run(koji, ['update', 'status', '--json'], { env });
  expect(JSON.parse(stdout)).toMatchObject({ installation: 'npm', current: version, phase: 'idle' });
});
