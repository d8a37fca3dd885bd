import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { browserUser, openWindow } from './window.ts';

let folder: string;
const said = (): string => readFileSync(join(folder, 'said'), 'utf8');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kojibox-browser-'));
  for (const name of ['chromium', 'xdg-open', 'sudo'])
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@" > '${folder}/said'\n`, { mode: 0o755 });
  vi.stubEnv('PATH', folder);
  vi.stubEnv('DISPLAY', ':9');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});
const link = { opened: 'http://127.0.0.1:1/#ticket=once', shown: 'http://127.0.0.1:1/#ticket=often' };

it('root has no browser; the user who called sudo has', () => {
  expect(browserUser(0, {})).toBe('none');
  expect(browserUser(0, { SUDO_UID: '0' })).toBe('none');
  expect(browserUser(0, { SUDO_UID: '1000' })).toEqual({ sudoUid: 1000 });
  expect(browserUser(1000, { SUDO_UID: '1001' })).toBe('own');
});

it.each(['app', 'tab'] as const)('as root nothing is started for kind %s, and the link is shown', async (kind) => {
  const { opened, message } = await openWindow(link, kind, 'none');
  expect(opened).toBe(false);
  expect(message).toContain(link.shown);
  expect(existsSync(join(folder, 'said'))).toBe(false);
});

it.each(['app', 'tab'] as const)(
  "under sudo the browser of kind %s is the caller's, with its sandbox",
  async (kind) => {
    expect((await openWindow(link, kind, { sudoUid: 1000 })).opened).toBe(true);
    expect(said()).toMatch(/^sudo -H -u #1000 -- \S*(chromium --app=|xdg-open )http/);
    expect(said()).not.toContain('sandbox');
  },
);

it("a user's own browser keeps its sandbox", async () => {
  expect((await openWindow(link, 'tab', 'own')).opened).toBe(true);
  expect(said()).toBe(`xdg-open ${link.opened}\n`);
});
