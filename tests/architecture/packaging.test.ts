import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  FUSE_SENTINEL,
  judgeFiles,
  readAsar,
  referencesIn,
  WANTED_FUSES,
  wrongFuses,
  type PackagedFile,
} from '../../scripts/dist-layout.ts';

const folder = mkdtempSync(join(tmpdir(), 'kojibox-asar-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const packaged = (path: string, unpacked = false): PackagedFile => ({ path, sizeBytes: 1, unpacked });
const dev = ['vitest', 'electron-builder'];

describe('the list of packaged files', () => {
  it('lacks nothing that is needed: an empty one lacks all', () => {
    const missing = judgeFiles([], dev);
    expect(missing).toContain('dist/daemon/main.mjs is missing');
    expect(missing).toContain('dist/electron/tray/failedTemplate@2x.png is missing');
    expect(judgeFiles([packaged('dist/daemon/main.mjs')], dev)).toContain('dist/daemon/main.mjs is not unpacked');
    expect(judgeFiles([packaged('dist/daemon/main.mjs', true)], dev).join()).not.toContain('dist/daemon/main.mjs');
  });

  it.each([
    ['dist/daemon/main.mjs.map', 'a source map'],
    ['dist/x.test.mjs', 'a test'],
    ['tests/integration/x.js', 'a test'],
    ['electron/main/main.ts', 'a source file'],
    ['dist/.stamp', 'a hidden file'],
    ['.env', 'a hidden file'],
    ['dist/runtime/keys/release.pem', 'a key'],
    ['node_modules/vitest/index.js', 'vitest is needed for development only'],
    ['node_modules/zod/index.js', 'zod is a package that the build should have bundled'],
    ['node_modules/a/node_modules/@b/c/index.js', '@b/c is a package'],
  ])('does not take %s', (path, what) => {
    expect(judgeFiles([packaged(path)], dev).join('\n')).toContain(what);
  });

  it('takes what runs', () => {
    const fine = ['dist/runtime/keys/release-2026.pub.pem', 'node_modules/@napi-rs/keyring-linux-x64-gnu/keyring.node'];
    const found = judgeFiles(
      fine.map((path) => packaged(path, true)),
      dev,
    ).join('\n');
    for (const path of fine) expect(found).not.toContain(path);
  });
});

describe('the fuses', () => {
  const wire = Object.values(WANTED_FUSES)
    .map((on) => (on ? '1' : '0'))
    .join('');
  it('are read from the binary, and each that is wrong is named', () => {
    expect(wrongFuses(Buffer.from(`xx${FUSE_SENTINEL}\u0001\u0008${wire}`))).toEqual([]);
    expect(wrongFuses(Buffer.from(`${FUSE_SENTINEL}\u0001\u00080${wire.slice(1)}`))).toEqual(['runAsNode']);
    expect(wrongFuses(Buffer.from('no electron'))).toEqual(['no fuses were found']);
  });
});

describe('reading what was built', () => {
  it('an archive: its files, and what is in them', () => {
    const header = JSON.stringify({
      files: {
        dist: { files: { 'a.mjs': { size: 3, offset: '0' }, 'b.node': { size: 9, unpacked: true } } },
        'c.json': { size: 2, offset: '3' },
      },
    });
    // Two pickles, each with its length before it, padded to four bytes.
    const padded = Math.ceil(header.length / 4) * 4;
    const head = Buffer.alloc(16 + padded);
    head.writeUInt32LE(4, 0);
    head.writeUInt32LE(padded + 8, 4);
    head.writeUInt32LE(padded + 4, 8);
    head.writeUInt32LE(header.length, 12);
    head.write(header, 16);
    const file = join(folder, 'app.asar');
    writeFileSync(file, Buffer.concat([head, Buffer.from('abc{}')]));
    const asar = readAsar(file);
    expect(asar.files.map(({ path, unpacked }) => `${path} ${unpacked}`)).toEqual([
      'dist/a.mjs false',
      'dist/b.node true',
      'c.json false',
    ]);
    expect(asar.read('dist/a.mjs').toString()).toBe('abc');
    expect(asar.read('c.json').toString()).toBe('{}');
  });

  it('a program: the names of what it needs', () => {
    expect(
      referencesIn(
        'import{a}from"./a-1.mjs";import"node:fs";const b=()=>import("better-sqlite3");let c=require("ws/lib");x="from",summary:"y from",z',
      ),
    ).toEqual(['./a-1.mjs', 'node:fs', 'better-sqlite3', 'ws/lib']);
  });
});

it('the app calls itself as its installer does, or Windows shows none of its notifications', () => {
  const installer = /^appId: (\S+)$/m.exec(readFileSync('electron-builder.yml', 'utf8'))?.[1];
  expect(installer).toBeDefined();
  expect(readFileSync('electron/main/shell.ts', 'utf8')).toContain(`APP_ID = '${installer ?? ''}'`);
});
