import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fingerprintOf, type PackManifest } from '../../core/packs/pack-manifest.ts';
import { newKey, sha256, writeSigned, writeZip, type RawEntry } from '../../tests/fixtures/packs/rewrite.ts';
import { openPack } from './pack-reader.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-pack-reader-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const key = newKey();
const TOOL = 'files/npm/tool-1.0.0.tgz';
const content = Buffer.from('the bytes of a tool');
const base: Omit<PackManifest, 'files' | 'signature' | 'signer'> = {
  format: 1,
  name: 'small',
  createdAt: '2026-01-02T03:04:05.000Z',
  madeBy: '1.0.0',
  platform: { os: 'linux', arch: 'x64', distribution: null, codename: null },
  runtimes: [{ name: 'tool', series: '1', version: '1.0.0', source: 'npm', files: [TOOL] }],
  archives: [],
};
let next = 0;
const newPath = (): string => join(root, `${(next += 1)}.kojipack`);
const good = (): Promise<string> => writeSigned(newPath(), base, new Map([[TOOL, content]]), key);
/** Opens and reads all of it. */
const readAll = async (path: string): Promise<void> => {
  const pack = await openPack(path);
  try {
    await pack.verify({});
  } finally {
    pack.close();
  }
};
/** The good pack's own manifest with other entries beside it. */
async function withEntries(change: (manifest: Buffer) => readonly RawEntry[]): Promise<string> {
  const path = await good();
  const manifest = await manifestOf(path);
  return writeZip(newPath(), change(manifest));
}
async function manifestOf(path: string): Promise<Buffer> {
  const pack = await openPack(path);
  pack.close();
  return Buffer.from(JSON.stringify(pack.manifest));
}
const tool: RawEntry = { name: TOOL, content };

describe('a pack', () => {
  it('is read with the fingerprint of the key that signed it, and unpacked as it was', async () => {
    const path = await good();
    const pack = await openPack(path);
    expect(pack.fingerprint).toBe(fingerprintOf(createPublicKey(createPrivateKey(key))));
    expect(pack.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    const folder = mkdtempSync(join(root, 'out-'));
    const seen: number[] = [];
    await pack.extract(folder, { progress: (done) => seen.push(done) });
    pack.close();
    expect(readFileSync(join(folder, TOOL))).toEqual(content);
    expect(seen.at(-1)).toBe(content.length);
  });

  it('is refused wherever one byte of it differs, and nothing lands outside the folder', async () => {
    const bytes = readFileSync(await good());
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ change;
        const path = newPath();
        writeFileSync(path, altered);
        // Times and such in the zip's own headers may differ; then all that counts is still as it was signed.
        const outcome = await readAll(path).then(
          () => 'the same',
          (error: unknown) => (error as { code?: string }).code ?? String(error),
        );
        expect(['the same', 'PACK_DAMAGED', 'PACK_SIGNATURE_INVALID', 'PACK_FORMAT_UNKNOWN']).toContain(outcome);
        if (outcome === 'the same') {
          const pack = await openPack(path);
          const folder = mkdtempSync(join(root, 'out-'));
          await pack.extract(folder, {});
          pack.close();
          expect(readFileSync(join(folder, TOOL))).toEqual(content);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('is refused at whatever byte it was cut off', async () => {
    const { length } = readFileSync(await good());
    for (const size of [0, 1, 30, Math.floor(length / 2), length - 23, length - 1]) {
      const path = await good();
      truncateSync(path, size);
      await expect(readAll(path), `${size} bytes`).rejects.toMatchObject({ code: 'PACK_DAMAGED' });
    }
  });

  it.each<[string, (manifest: Buffer) => readonly RawEntry[], RegExp]>([
    ['no manifest', () => [tool], /not a pack/],
    [
      'a file that was not signed',
      (m) => [{ name: 'manifest.json', content: m }, tool, { name: 'files/x', content }],
      /not signed/,
    ],
    ['a missing file', (m) => [{ name: 'manifest.json', content: m }], /is missing/],
    [
      'other bytes of the same length',
      (m) => [
        { name: 'manifest.json', content: m },
        { name: TOOL, content: Buffer.alloc(content.length) },
      ],
      /not what was signed/,
    ],
    [
      'more bytes',
      (m) => [
        { name: 'manifest.json', content: m },
        { name: TOOL, content: Buffer.concat([content, content]) },
      ],
      /not the size/,
    ],
    [
      'a link',
      (m) => [
        { name: 'manifest.json', content: m },
        { ...tool, mode: 0o120777 },
      ],
      /not a plain file/,
    ],
    [
      'a device',
      (m) => [
        { name: 'manifest.json', content: m },
        { ...tool, mode: 0o060644 },
      ],
      /not a plain file/,
    ],
    ['a name twice', (m) => [{ name: 'manifest.json', content: m }, tool, tool], /twice/],
    [
      'a bomb',
      (m) => [
        { name: 'manifest.json', content: m },
        { name: TOOL, content: Buffer.alloc(64_000_000), compress: true },
      ],
      /more than a pack may hold/,
    ],
    [
      'a manifest of 5 MB',
      () => [{ name: 'manifest.json', content: Buffer.alloc(5_000_000, 32) }],
      /manifest is too large/,
    ],
  ])('with %s is refused', async (_what, change, detail) => {
    await expect(readAll(await withEntries(change))).rejects.toMatchObject({
      code: 'PACK_DAMAGED',
      detail: expect.stringMatching(detail) as unknown,
    });
  });

  it.each([
    'files/../../../evil',
    '../evil',
    'files/a/../../../evil',
    'files//evil',
    'files/./evil',
    'files/a\\..\\evil',
    'C:/evil',
    'elsewhere/x',
  ])('that names %j is refused even when it was signed so', async (name) => {
    const manifest = { ...base, runtimes: [{ ...base.runtimes[0]!, files: [name] }] };
    const raw = Buffer.from('evil');
    const described = { ...manifest, files: [{ path: name, size: raw.length, sha256: sha256(raw) }] };
    const text = JSON.stringify({ ...described, signer: { name: 'x', publicKey: '' }, signature: '' });
    // yazl does not write such names either: a name of the same length is put in its place afterwards.
    const harmless = 'x'.repeat(name.length);
    const path = await writeZip(newPath(), [
      { name: 'manifest.json', content: Buffer.from(text) },
      { name: harmless, content: raw },
    ]);
    writeFileSync(path, Buffer.from(readFileSync(path).toString('latin1').replaceAll(harmless, name), 'latin1'));
    await expect(readAll(path)).rejects.toMatchObject({ code: 'PACK_DAMAGED' });
    expect(existsSync(join(root, '..', 'evil'))).toBe(false);
    expect(readdirSync(root)).not.toContain('evil');
  });

  it('of another format says which one', async () => {
    const path = await writeZip(newPath(), [{ name: 'manifest.json', content: Buffer.from('{"format":2}') }]);
    await expect(readAll(path)).rejects.toMatchObject({
      code: 'PACK_FORMAT_UNKNOWN',
      detail: 'it has format 2; this Kojibox reads format 1',
    });
  });

  it('whose manifest was changed after signing is refused', async () => {
    const manifest = JSON.parse((await manifestOf(await good())).toString()) as PackManifest;
    for (const altered of [
      { ...manifest, name: 'other' },
      { ...manifest, signature: '' },
      { ...manifest, signature: manifest.signature.replace(/.{4}==$/, 'AAAA==') },
      { ...manifest, signer: { ...manifest.signer, name: 'somebody else' } },
      { ...manifest, signer: { ...manifest.signer, publicKey: 'AAAA' } },
    ]) {
      const path = await writeZip(newPath(), [
        { name: 'manifest.json', content: Buffer.from(JSON.stringify(altered)) },
        tool,
      ]);
      await expect(readAll(path)).rejects.toMatchObject({ code: 'PACK_SIGNATURE_INVALID' });
    }
  });

  it('that is not there, or is a folder, is no defect', async () => {
    await expect(readAll(join(root, 'nothing.kojipack'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(readAll(root)).rejects.toMatchObject({ code: 'PACK_DAMAGED', detail: 'it is not a file' });
  });

  it('can be given up while it is read', async () => {
    const pack = await openPack(await good());
    await expect(pack.verify({ signal: AbortSignal.abort(new Error('given up')) })).rejects.toThrow('given up');
    pack.close();
  });
});
