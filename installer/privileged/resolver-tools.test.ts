import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RESOLVED_PROGRAMS, resolverUnit } from '../../core/privileged/resolver.ts';
import type { PrivilegedAction, PrivilegedResult } from '../../core/privileged/request.ts';
import type { Machine } from './machine.ts';
import { runActions } from './verbs.ts';

let root: string;
let ran: string[];
/** Which systemctl call fails, by its number. */
let failing: number | null;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kojibox-resolver-'));
  ran = [];
  failing = null;
});
afterEach(() => rmSync(root, { recursive: true }));

const act = (system: Machine['system'], action: PrivilegedAction): PrivilegedResult | undefined =>
  runActions([action], {
    system,
    root,
    now: () => 0,
    run(program, args) {
      ran.push([program, ...args].join(' '));
      if (failing === ran.length) throw new Error('systemd said no');
    },
    setKernel: () => undefined,
  })[0];
const set = (suffixes: string[], port = 15_353): PrivilegedAction => ({ verb: 'resolver.set', suffixes, port });
const unit = (): string => join(root, '/etc/systemd/system/kojibox-resolver.service');
const installSystemd = (): void => {
  for (const program of Object.values(RESOLVED_PROGRAMS)) {
    mkdirSync(dirname(join(root, program)), { recursive: true });
    writeFileSync(join(root, program), '');
  }
};

describe('systemd-resolved', () => {
  it('is not there: that is said, and nothing is written', () => {
    expect(act('linux', set(['test']))).toMatchObject({
      status: 'unsupported',
      message: expect.stringContaining('ip is not'),
    });
    expect(existsSync(unit())).toBe(false);
  });

  it('gets the unit, another one, and loses it', () => {
    installSystemd();
    expect(act('linux', set(['test']))?.status).toBe('changed');
    expect(act('linux', set(['test']))?.status).toBe('unchanged');
    expect(act('linux', set(['test', 'shop.lan'], 15_354))?.status).toBe('changed');
    expect(readFileSync(unit(), 'utf8')).toBe(resolverUnit(['test', 'shop.lan'], 15_354));
    ran = [];
    expect(act('linux', { verb: 'resolver.clear' })?.status).toBe('changed');
    expect(existsSync(unit())).toBe(false);
    expect(ran).toEqual([
      '/usr/bin/systemctl disable --now kojibox-resolver.service',
      '/usr/bin/systemctl daemon-reload',
    ]);
    expect(act('linux', { verb: 'resolver.clear' })?.status).toBe('unchanged');
  });

  it.each([1, 2, 3])('says no at call %i: the unit of before is there again', (call) => {
    installSystemd();
    act('linux', set(['test']));
    ran = [];
    failing = call;
    expect(act('linux', set(['test', 'shop.lan']))).toMatchObject({ status: 'failed', message: 'systemd said no' });
    expect(readFileSync(unit(), 'utf8')).toBe(resolverUnit(['test'], 15_353));
    expect(ran.at(-1)).toBe('/usr/bin/systemctl restart kojibox-resolver.service');
  });
});

describe('macOS', () => {
  it('gets one file per suffix; those of others are left alone', () => {
    const folder = join(root, '/etc/resolver');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'corp'), 'nameserver 10.0.0.1\n');
    expect(act('darwin', set(['test', 'shop.lan']))?.status).toBe('changed');
    expect(readFileSync(join(folder, 'shop.lan'), 'utf8')).toContain('port 15353');
    act('darwin', set(['test']));
    expect(readdirSync(folder).sort()).toEqual(['corp', 'test']);
    expect(act('darwin', { verb: 'resolver.clear' })?.status).toBe('changed');
    expect(readdirSync(folder)).toEqual(['corp']);
    expect(act('darwin', { verb: 'resolver.clear' })?.status).toBe('unchanged');
  });
});
