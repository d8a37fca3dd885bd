/** patchelf, fetched and verified like everything else; and what it does to the programs of a tree. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { createSharedWork } from '../../core/runtimes/shared-work.ts';
import type { Artifact } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { createTreeGuard } from '../archives/tree-guard.ts';
import { unpackDeb } from '../archives/unpack.ts';
import type { DebianPackage, PrivateApt } from './apt.ts';
import { toArtifact, type PackagePool } from './package-pool.ts';

export interface PatchelfOptions {
  readonly processes: Processes;
  /** Of this system's own release: it runs with the system's C library. */
  readonly apt: PrivateApt;
  readonly pool: PackagePool;
  /** Where it is kept. */
  readonly folder: string;
}

export interface PatchRequest {
  readonly file: string;
  readonly runPath: string;
  /** Absolute; for programs that are newer than this system's C library. */
  readonly interpreter: string | null;
}

export interface Patchelf {
  /** To be called with fresh copies, never with a program that runs. Rejects with LINK_CHECK_FAILED, or as the pool does. */
  patch(requests: readonly PatchRequest[], signal: AbortSignal): Promise<void>;
  /** Fetches and verifies its package. Rejects as the pool does. */
  collect(signal: AbortSignal): Promise<Artifact>;
}

export function createPatchelf({ processes, apt, pool, folder }: PatchelfOptions): Patchelf {
  const installing = createSharedWork<null, string>();

  const describe = async (signal: AbortSignal): Promise<DebianPackage> => {
    await apt.update(signal);
    const version = (await apt.closure(['patchelf'], signal)).get('patchelf') ?? '';
    const [item] = await apt.describe(new Map([['patchelf', version]]), signal);
    if (item === undefined) throw new TypeError('describe() leaves nothing out');
    return item;
  };

  const ensureProgram = async (signal: AbortSignal): Promise<string> => {
    const item = await describe(signal);
    const tree = join(folder, `patchelf-${item.sha256.slice(0, 12)}`);
    const program = join(tree, 'usr/bin/patchelf');
    if ((await stat(program).catch(() => null)) !== null) return program;
    await pool.fetch([item], () => undefined, signal);
    // Aside and then renamed: a half-unpacked program is never found.
    const staging = `${tree}.${randomBytes(4).toString('hex')}`;
    await mkdir(staging, { recursive: true });
    try {
      const guard = createTreeGuard({ mergesTrees: true });
      await unpackDeb(await pool.verify(item), staging, { guard, scratch: `${staging}.tar`, signal });
      await rm(tree, { recursive: true, force: true });
      await rename(staging, tree);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
    return program;
  };

  return {
    async collect(signal) {
      const item = await describe(signal);
      await pool.fetch([item], () => undefined, signal);
      return toArtifact(item, await pool.verify(item));
    },

    async patch(requests, signal) {
      const program = await installing.join('patchelf', null, signal, (_callers, shared) => ensureProgram(shared));
      for (const { file, runPath, interpreter } of requests) {
        await chmod(file, 0o755);
        // DT_RPATH, not RUNPATH: it also serves libraries that are opened later, and their own; see ld.so(8).
        const args = [
          '--force-rpath',
          '--set-rpath',
          runPath,
          ...(interpreter === null ? [] : ['--set-interpreter', interpreter]),
          file,
        ];
        const result = await processes.run(program, args, { signal, env: { PATH: '/usr/bin:/bin' } });
        signal.throwIfAborted();
        if (result.exitCode === 0) continue;
        if (/No space left on device/.test(result.stderr))
          throw Object.assign(new Error(result.stderr.trim()), { code: 'ENOSPC' });
        throw new KojiboxError('LINK_CHECK_FAILED', `cannot prepare ${basename(file)}`, {
          detail: `patchelf: ${result.stderr.trim() || `exit code ${result.exitCode ?? '?'}`}`,
          source: 'runtime',
        });
      }
    },
  };
}
