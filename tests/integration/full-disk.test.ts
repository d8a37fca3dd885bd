/** A disk that is full: whatever a running daemon writes then, it says so with the folder, nothing is half done, and nothing is forgotten. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FullDiskReport } from './full-disk-child.ts';

let root: string;
let report: FullDiskReport;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'kd-'));
  chmodSync(root, 0o711);
  const disk = join(root, 'd');
  mkdirSync(disk);
  // A mount of its own, gone with the name space; see mount_namespaces(7) and tmpfs(5).
  const mount = `mount -t tmpfs -o size=24m,mode=0711 tmpfs '${disk}' && exec "$0" --no-warnings tests/integration/full-disk-child.ts`;
  const { stdout } = await promisify(execFile)(
    'unshare',
    [...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--mount', '/bin/sh', '-c', mount, process.execPath],
    { env: { ...process.env, TMPDIR: disk }, maxBuffer: 1 << 26 },
  );
  report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as FullDiskReport;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('on a full disk', () => {
  it('everything that has to write says DISK_FULL with the folder, and never calls it a defect', () => {
    const failed = report.full.filter(({ code }) => code !== null);
    expect(failed.map(({ code, ...about }) => (code === 'DISK_FULL' ? code : { code, ...about }))).toEqual(
      failed.map(() => 'DISK_FULL'),
    );
    for (const { method, detail } of failed) expect(`${method}: ${detail}`).toMatch(/\/kojibox-stack-/);
    // The disk was full indeed.
    expect(failed.map(({ method }) => method)).toEqual(
      expect.arrayContaining([
        'config.setProject',
        'secrets.set',
        'services.define',
        'projects.create',
        'certs.generate',
      ]),
    );
  });

  it('what failed can be done when there is room again', () => {
    expect(report.room.filter(({ code }) => code !== null)).toEqual([]);
  });

  it('no service is left behind', () => {
    expect(report.leftAfterQuit).toEqual([]);
  });
});
