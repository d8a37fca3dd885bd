/** Who may write what a shell sources. */
import { chownSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../contract/config.ts';
import { systemFiles } from '../system/files.ts';
import { createShimWriter, type ShimWriter } from './shim-writer.ts';

const SERVICE_USER = 65_534;
const isRoot = process.getuid?.() === 0;

describe('the shims', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kojibox-shims-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const project: ProjectConfig = {
    id: 'shop',
    name: 'Shop',
    path: '/srv/shop',
    domain: 'shop.test',
    stack: 'php',
    overrides: {},
  };
  const writer = (readers: number | null): ShimWriter =>
    createShimWriter({
      files: systemFiles,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      readers,
      plan: async () => ({
        folder,
        home: '/srv/home',
        koji: ['koji'],
        kojiEnvironment: {},
        projects: [{ project, realPath: null }],
        environment: async () => ({ variables: { DB_PASSWORD: 'planted' }, testNames: [] }),
        resolve: async (name, _, env) => ({ command: `/opt/${name}`, args: [], env, drop: [] }),
      }),
    });
  const files = (): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const ofProject = (): string => join(folder, '.for/project-shop/php');

  it('show passwords to their owner alone', async () => {
    await writer(null).refresh();
    expect(readFileSync(ofProject(), 'utf8')).toContain('planted');
    expect(lstatSync(ofProject()).mode & 0o777).toBe(0o600);
  });

  it.runIf(isRoot)('of root can be written by root alone, and the user of the services reads its own', async () => {
    await writer(SERVICE_USER).refresh();
    expect(files().length).toBeGreaterThan(10);
    expect(files().filter((file) => lstatSync(file).uid !== 0 || (lstatSync(file).mode & 0o022) !== 0)).toEqual([]);
    expect(lstatSync(ofProject())).toMatchObject({ gid: SERVICE_USER, mode: 0o100640 });
  });

  it.runIf(isRoot)('that a former version gave away belong to root again', async () => {
    await writer(SERVICE_USER).refresh();
    chownSync(ofProject(), SERVICE_USER, SERVICE_USER);
    await writer(SERVICE_USER).refresh();
    expect(lstatSync(ofProject()).uid).toBe(0);
  });
});
