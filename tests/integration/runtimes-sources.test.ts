import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RuntimeSource, ServiceBinary } from '../../contract/manifest.ts';
import { tgzOf, zipOf } from '../fixtures/archives/hostile.ts';
import { startRegistry, type Registry } from '../fixtures/registry/registry.ts';
import { createRuntimesWorld, manifestOf, never, silent } from './runtimes-world.ts';

const root = mkdtempSync(join(tmpdir(), 'kojibox-sources-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'));
});

const entry = (source: RuntimeSource, checksum: string, program = 'bin/tool'): ServiceBinary => ({
  name: 'tool',
  version: '1.0',
  series: '1',
  os: 'linux',
  arch: process.arch,
  checksum,
  size: 1000,
  binPath: `runtime/bin/tool/1.0/linux-${process.arch}/${program}`,
  defaultPorts: [],
  env: {},
  args: [],
  isDefault: true,
  source,
});
const sha256 = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const script = '#!/bin/sh\necho tool 1.2.3\n';

describe('a runtime from an address', () => {
  let server: Registry;
  let authority = '';
  beforeAll(async () => {
    const [key, cert] = [join(root, 'key.pem'), join(root, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '1',
        '-subj',
        '/CN=127.0.0.1',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    );
    authority = readFileSync(cert, 'utf8');
    server = await startRegistry(Buffer.alloc(0), { key: readFileSync(key, 'utf8'), cert: authority });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.requests.length = 0;
    server.fault = null;
  });

  const tar = tgzOf([{ name: 'bin/tool', content: script, mode: 0o755 }]);
  const world = (
    content: Buffer,
    archive: 'tar.gz' | 'tar.xz' | 'zip' | 'file',
    checksum = sha256(content),
    authorities = [authority],
  ) => {
    server.content = content;
    return createRuntimesWorld(home, {
      manifest: manifestOf(entry({ type: 'https', url: `${server.url}/get/tool.bin`, archive }, checksum)),
      authorities,
    });
  };

  it.each([
    ['tar.gz', tar],
    ['tar.xz', execFileSync('xz', ['-c'], { input: execFileSync('gzip', ['-dc'], { input: tar }) })],
    ['zip', zipOf([{ name: 'bin/tool', content: script, mode: 0o100755 }])],
    ['file', Buffer.from(script)],
  ] as const)('as %s is verified, unpacked and runs', async (archive, content) => {
    const { runtimes } = await world(content, archive);
    const installed = await runtimes.ensure('tool', undefined, silent, never());
    const program = join(runtimes.treePath(installed), 'bin/tool');
    expect(execFileSync(program, { encoding: 'utf8' })).toBe('tool 1.2.3\n');
    expect(statSync(program).mode & 0o777).toBe(0o755);
    expect(installed.artifacts[0]).toMatchObject({ digest: sha256(content), size: content.length });
  });

  it('is refused with another digest', async () => {
    const { runtimes, layout } = await world(tar, 'tar.gz', sha256(Buffer.from('other')));
    await expect(runtimes.ensure('tool', undefined, silent, never())).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(readdirSync(join(layout.downloads, 'https'))).toEqual([]);
  });

  it('is refused from a server whose certificate nobody vouches for', async () => {
    const { runtimes } = await world(tar, 'tar.gz', sha256(tar), []);
    await expect(runtimes.ensure('tool', undefined, silent, never())).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      detail: expect.stringContaining('self-signed') as string,
    });
    expect(server.requests).toHaveLength(0);
  });

  it('follows a redirection, but not to an address without TLS, nor for ever', async () => {
    const { runtimes } = await world(tar, 'tar.gz');
    const redirectTo = (where: string): void => {
      server.fault = (request, response) => {
        if (request.url === '/end') return false;
        response.writeHead(302, { location: where }).end();
        return true;
      };
    };
    redirectTo('http://127.0.0.1:9/end');
    await expect(runtimes.ensure('tool', undefined, silent, never())).rejects.toMatchObject({
      detail: expect.stringContaining('without TLS') as string,
    });
    redirectTo('/again');
    await expect(runtimes.ensure('tool', undefined, silent, never())).rejects.toMatchObject({
      detail: expect.stringContaining('too often') as string,
    });
    redirectTo('/end');
    expect((await runtimes.ensure('tool', undefined, silent, never())).version).toBe('1.0');
  });
});

describe('a runtime of this machine', () => {
  it('is adopted where it is, with its version and digest, and not touched', async () => {
    const program = join(home, 'elsewhere');
    writeFileSync(program, script, { mode: 0o755 });
    const before = statSync(program);
    const source: RuntimeSource = { type: 'system', candidates: ['no-such-program-here', program] };
    const { runtimes } = await createRuntimesWorld(home, { manifest: manifestOf(entry(source, 'archive-signature')) });
    const installed = await runtimes.ensure('tool', undefined, silent, never());
    expect(installed).toMatchObject({
      version: '1.2.3',
      source: 'system',
      sizeOnDisk: 0,
      artifacts: [{ digest: sha256(Buffer.from(script)) }],
    });
    expect(execFileSync(join(runtimes.treePath(installed), 'bin/tool'), { encoding: 'utf8' })).toBe('tool 1.2.3\n');
    await runtimes.remove('tool', '1.2.3');
    expect(statSync(program)).toMatchObject({
      mtimeMs: before.mtimeMs,
      ctimeMs: before.ctimeMs,
      mode: before.mode,
      size: before.size,
    });
  });

  it('is found by its name along PATH', async () => {
    const source: RuntimeSource = { type: 'system', candidates: ['tar'] };
    const { runtimes } = await createRuntimesWorld(home, { manifest: manifestOf(entry(source, 'archive-signature')) });
    expect((await runtimes.ensure('tool', undefined, silent, never())).version).toMatch(/^\d+\.\d+/);
  });

  it('says what was tried when it is not there, or does not tell its version', async () => {
    const mute = join(home, 'mute');
    writeFileSync(mute, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const source: RuntimeSource = { type: 'system', candidates: ['no-such-program-here', mute] };
    const { runtimes, layout } = await createRuntimesWorld(home, {
      manifest: manifestOf(entry(source, 'archive-signature')),
    });
    await expect(runtimes.ensure('tool', undefined, silent, never())).rejects.toMatchObject({
      code: 'RUNTIME_UNSUPPORTED',
      detail: `no-such-program-here is not there; ${mute} does not tell its version`,
    });
    expect(readdirSync(layout.temp)).toEqual([]);
  });
});
