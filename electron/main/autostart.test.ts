import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { applyAutostart, autostartEntry, autostartFile } from './autostart.ts';

const folder = mkdtempSync(join(tmpdir(), 'kojibox-autostart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('starting with the session', () => {
  it('is an entry in the user’s own autostart folder', () => {
    expect(autostartFile({}, '/home/me')).toBe('/home/me/.config/autostart/kojibox.desktop');
    expect(autostartFile({ XDG_CONFIG_HOME: '/x' }, '/home/me')).toBe('/x/autostart/kojibox.desktop');
  });

  it('is made, left alone when it is right, changed when the program moved, and undone', () => {
    const file = join(folder, 'autostart', 'kojibox.desktop');
    expect(applyAutostart(file, '/opt/a', false)).toBe(false);
    expect(existsSync(file)).toBe(false);
    expect(applyAutostart(file, '/opt/a', true)).toBe(true);
    expect(applyAutostart(file, '/opt/a', true)).toBe(false);
    expect(applyAutostart(file, '/opt/b', true)).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain('Exec="/opt/b" --hidden\nTryExec=/opt/b\n');
    expect(applyAutostart(file, '/opt/b', false)).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  it('never touches an entry that somebody else wrote', () => {
    const file = join(folder, 'kojibox.desktop');
    writeFileSync(file, '[Desktop Entry]\nExec=mine\n');
    expect(applyAutostart(file, '/opt/a', true)).toBe(false);
    expect(applyAutostart(file, '/opt/a', false)).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('[Desktop Entry]\nExec=mine\n');
  });

  it('quotes odd paths as the specification has it', () => {
    expect(autostartEntry('/opt/My "App"/50%/$HOME\\x')).toContain(
      'Exec="/opt/My \\\\"App\\\\"/50%%/\\\\$HOME\\\\\\\\x" --hidden\n',
    );
  });
});
