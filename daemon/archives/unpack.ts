/** Unpacking verified archives: to a plain tar first, every header checked, and only then onto the disk. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { spawn } from 'node:child_process';
import { DEFAULT_LIMITS, scanTar, unsafe, type ArchiveLimits } from './tar-scan.ts';

/** Documentation and translations that no runtime needs. */
const LEFT_OUT_OF_DEBS = [
  './usr/share/doc/*',
  './usr/share/man/*',
  './usr/share/locale/*',
  './usr/share/lintian/*',
  './usr/share/bug/*',
];

/** @returns unpacked bytes. Rejects with ARCHIVE_UNSAFE before anything was written into `folder`. */
export async function unpackTarGz(
  archive: string,
  folder: string,
  options: { readonly strip: number; readonly limits?: ArchiveLimits; readonly signal?: AbortSignal },
): Promise<number> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const plain = `${folder}.tar`;
  try {
    await gunzip(archive, plain, limits.maxBytes * 1.1);
    const { bytes } = scanTar(plain, limits);
    await extract(plain, folder, [`--strip-components=${options.strip}`], options.signal);
    return bytes;
  } finally {
    await rm(plain, { force: true });
  }
}

/** Unpacks a .deb over what is already there, as dpkg would, without running anything of it. */
export async function unpackDeb(
  archive: string,
  folder: string,
  scratch: string,
  signal?: AbortSignal,
): Promise<number> {
  try {
    await runTool('dpkg-deb', ['--fsys-tarfile', archive], { signal, output: scratch });
    // Debian's packages may hold links with absolute targets (policy 10.5); inside a private tree they lead nowhere, so they are left out.
    const { bytes, skipped } = scanTar(scratch, DEFAULT_LIMITS, true);
    const excludes = [...LEFT_OUT_OF_DEBS, ...skipped.map((name) => `./${name}`)].map(
      (pattern) => `--exclude=${pattern}`,
    );
    await extract(scratch, folder, ['--keep-directory-symlink', ...excludes], signal);
    return bytes;
  } finally {
    await rm(scratch, { force: true });
  }
}

async function gunzip(archive: string, plain: string, maxBytes: number): Promise<void> {
  let written = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      // A bomb is stopped while it unfolds, not afterwards.
      if (written > maxBytes) done(unsafe(archive, `it unfolds to more than ${Math.round(maxBytes)} bytes`));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(archive), createGunzip({ chunkSize: 256 * 1024 }), limit, createWriteStream(plain));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) throw unsafe(archive, `it is not a whole gzip file (${(error as Error).message})`);
    throw error;
  }
}

const extract = (plain: string, folder: string, flags: readonly string[], signal?: AbortSignal): Promise<void> =>
  runTool('tar', ['-x', '-f', plain, '-C', folder, '--no-same-owner', '--no-same-permissions', ...flags], { signal });

async function runTool(
  command: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal | undefined; readonly output?: string },
): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', options.output === undefined ? 'ignore' : 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (errors += part));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const written =
    options.output === undefined || child.stdout === null
      ? Promise.resolve()
      : pipeline(child.stdout, createWriteStream(options.output));
  const [code] = await Promise.all([ended, written]);
  if (code === 0) return;
  if (/No space left on device/.test(errors))
    throw Object.assign(new Error(`${command}: no space left on device`), { code: 'ENOSPC' });
  throw unsafe(
    args.find((arg) => arg.startsWith('/')) ?? command,
    `${command} ended with code ${code ?? '?'}: ${errors.trim().split('\n').at(-1) ?? ''}`,
  );
}
