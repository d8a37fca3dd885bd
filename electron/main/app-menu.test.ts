import { describe, expect, it } from 'vitest';
import { appMenu } from './app-menu.ts';
import type { MenuEntry } from './menu-entries.ts';
import { LANGUAGES, textsIn } from './texts.ts';

const all = (entries: readonly MenuEntry[]): MenuEntry[] =>
  entries.flatMap((entry) => (entry.type === 'submenu' ? [entry, ...all(entry.entries)] : [entry]));
const roles = (platform: string): string[] =>
  all(appMenu(platform, textsIn('en'))).flatMap((entry) => (entry.type === 'role' ? [entry.role] : []));

describe('the menu bar', () => {
  it('has a menu of the app on macOS, with what the system expects there', () => {
    const [first] = appMenu('darwin', textsIn('en'));
    expect(first).toMatchObject({ type: 'submenu', label: 'Kojibox' });
    expect(roles('darwin')).toEqual(
      expect.arrayContaining(['about', 'services', 'hide', 'hideOthers', 'unhide', 'front']),
    );
    expect(roles('linux')).not.toContain('hide');
  });

  it.each(['darwin', 'linux', 'win32'])('%s: edits text, zooms, quits, and uses no key twice', (platform) => {
    expect(roles(platform)).toEqual(
      expect.arrayContaining(['undo', 'redo', 'cut', 'copy', 'paste', 'selectAll', 'zoomIn']),
    );
    const actions = all(appMenu(platform, textsIn('en'))).flatMap((entry) => (entry.type === 'action' ? [entry] : []));
    expect(actions.map(({ action }) => action.type)).toEqual(expect.arrayContaining(['quit', 'quit-and-stop']));
    const keys = actions.flatMap(({ accelerator }) => accelerator ?? []);
    expect(keys).toContain('CmdOrCtrl+Q');
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('offers no developer tools: they would be a way around the bridge', () => {
    for (const platform of ['darwin', 'linux']) {
      expect(roles(platform)).not.toContain('toggleDevTools');
      expect(roles(platform)).not.toContain('viewMenu');
    }
  });
});

describe('native texts', () => {
  const flat = (value: unknown): unknown[] =>
    typeof value === 'object' && value !== null ? Object.values(value).flatMap(flat) : [value];

  it('are there in every language, and differ', () => {
    for (const language of LANGUAGES) {
      const texts = flat(textsIn(language)).map((text) =>
        typeof text === 'function' ? (text as (...given: unknown[]) => string)('x', 2) : text,
      );
      expect(texts.every((text) => typeof text === 'string' && text !== '')).toBe(true);
    }
    expect(textsIn('de').startAll).not.toBe(textsIn('en').startAll);
    expect(textsIn('id').startAll).not.toBe(textsIn('en').startAll);
  });

  it.each([
    ['de-AT', 'Alle starten'],
    ['id_ID', 'Jalankan semua'],
    ['fr', 'Start all'],
    ['', 'Start all'],
    [null, 'Start all'],
  ])('%s', (tag, text) => {
    expect(textsIn(tag).startAll).toBe(text);
  });
});
