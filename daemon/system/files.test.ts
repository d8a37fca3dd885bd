import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemFiles } from './files.ts';

describe('a path at which nothing can be', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'kb-files-'));
    symlinkSync(join(root, 'circle'), join(root, 'circle'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each([
    ['in a circle of links', 'circle/x'],
    ['below a name that is too long', `${'n'.repeat(300)}/x`],
    ['with a zero byte', 'x\0y'],
  ])('%s is missing, and no defect', async (_, name) => {
    const path = join(root, name);
    expect([await systemFiles.realPath(path), await systemFiles.stat(path), await systemFiles.list(path)]).toEqual([
      null,
      null,
      [],
    ]);
  });
});
