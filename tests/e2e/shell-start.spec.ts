/** From the command to a painted window, with the daemon running: the way `koji` opens it. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium, expect, test, _electron } from 'playwright/test';
import { openWindow } from '../../cli/window.ts';
import { atMost, isBench } from '../figures.ts';
import { koji } from './dashboard-page.ts';
import { electronBinary } from './electron-binary.ts';
import { attachTo } from './starting-browser.ts';

const LIMIT_MS = 2000;
const ROUNDS = isBench ? 3 : 1;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

interface Times {
  /** Since the command, ms. */
  readonly paint: number;
  readonly services: number;
}

let root: string;
let screen: ChildProcess | null = null;
const before = { PATH: process.env['PATH'], DISPLAY: process.env['DISPLAY'] };

test.beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-window-'));
  const isThere = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'Xvfb')));
  if (isThere) process.env['DISPLAY'] = await startScreen();
  // Without a screen the window opens headless; `openWindow` wants to know of one all the same.
  else process.env['DISPLAY'] ??= ':0';
  const real = BROWSERS.find((file) => existsSync(file)) ?? chromium.executablePath();
  // The browser that `koji` finds first: the real one, with a port on which its times can be asked for.
  writeFileSync(
    join(root, 'chromium'),
    `#!/bin/sh\nexec '${real}' "$@" --remote-debugging-port=0 --disable-gpu ${process.getuid?.() === 0 ? '--no-sandbox' : ''} ${isThere ? '' : '--headless=new'}\n`,
    { mode: 0o755 },
  );
  process.env['PATH'] = `${root}${delimiter}${before.PATH ?? ''}`;
});
test.afterAll(() => {
  for (const [name, value] of Object.entries(before))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  screen?.kill();
  rmSync(root, { recursive: true, force: true });
});

/** @returns the name of the new display, e.g. `:99` */
function startScreen(): Promise<string> {
  const child = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  screen = child;
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (number: Buffer) => resolve(`:${number.toString().trim()}`));
    child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code ?? 'a signal'}`)));
  });
}

/** Expressions for the page: the first paint, ms since 1970, when it comes; and true as soon as services are there. */
const PAINT = `new Promise((painted) => {
  const look = () => {
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    if (paint === undefined) setTimeout(look, 10);
    else painted(performance.timeOrigin + paint.startTime);
  };
  look();
})`;
const SERVICES_ARE_SEEN = `new Promise((seen) => {
  const look = () => (document.querySelector('[data-service]') === null ? setTimeout(look, 10) : seen(true));
  look();
})`;

async function openAsKoji(): Promise<Times> {
  const { url } = JSON.parse(execFileSync('./koji', ['call', 'daemon.link'], { encoding: 'utf8' })) as { url: string };
  const portFile = koji('app/cache/window/DevToolsActivePort');
  rmSync(portFile, { force: true });
  const began = Date.now();
  const opening = openWindow({ opened: url, shown: url }, 'app', 'own');
  const browser = await attachTo(portFile, (address) => address.startsWith(new URL(url).origin));
  try {
    await browser.evaluate(SERVICES_ARE_SEEN);
    const services = Date.now() - began;
    expect((await opening).opened).toBe(true);
    // Every user of the machine can read the command lines of all others.
    const { token } = JSON.parse(readFileSync(koji('app/daemon.json'), 'utf8')) as { token: string };
    const lines = commandLines();
    expect(lines.some((line) => line.includes(url))).toBe(true);
    expect(lines.filter((line) => line.includes(token))).toEqual([]);
    expect(await browser.evaluate<string>('location.href')).not.toMatch(/ticket|token/);
    return { paint: (await browser.evaluate<number>(PAINT)) - began, services };
  } finally {
    await browser.end();
  }
}

const commandLines = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // It ended while we looked.
      }
    });

async function openInElectron(executablePath: string): Promise<Times> {
  const began = Date.now();
  const app = await _electron.launch({
    executablePath,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), process.cwd()],
    env: { ...(process.env as Record<string, string>) },
  });
  try {
    const page = await app.firstWindow();
    await page.locator('[data-service]').first().waitFor();
    return { services: Date.now() - began, paint: (await page.evaluate<number>(PAINT)) - began };
  } finally {
    await app.close();
  }
}

test('cold start: a painted window', async () => {
  const electron = electronBinary();
  const rounds: Times[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(electron === null ? await openAsKoji() : await openInElectron(electron));
    await wait(500);
  }
  const list = (of: keyof Times): string => rounds.map((times) => times[of].toFixed(0)).join(', ');
  console.log(
    `cold start of the window (${electron === null ? 'Chromium' : 'Electron'}): painted after ${list('paint')} ms, services seen after ${list('services')} ms`,
  );
  expect(Math.min(...rounds.map(({ paint }) => paint))).toBeLessThan(atMost(LIMIT_MS));
});
