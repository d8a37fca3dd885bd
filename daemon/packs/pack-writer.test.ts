import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PackManifest } from '../../core/packs/pack-manifest.ts';
import { writePack } from './pack-writer.ts';

test('a pack is written through no link that another user put beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kb-pack-'));
  try {
    const [target, content, victim] = ['a.pack', 'content', 'victim'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(content, 'x');
    symlinkSync(victim, `${target}.partial`);
    const manifest = { createdAt: '2026-01-01T00:00:00.000Z' } as PackManifest;
    await writePack(target, manifest, [{ path: 'content', file: content, size: 1, compress: false }], {});
    expect(existsSync(victim)).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(['a.pack', 'a.pack.partial', 'content']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
