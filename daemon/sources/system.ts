/** Programs that are already on this machine: adopted where they are, never modified. */
import { access, constants, mkdir, realpath, stat, symlink } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { RuntimeSourceDriver } from '../../core/runtimes/source.ts';
import type { Processes } from '../../core/system/processes.ts';
import { digestOfFile } from './digest.ts';

const ASK_TIMEOUT_MS = 10_000;
/** `binPath` is `runtime/bin/<name>/<version>/<os>-<arch>/…`. */
const TREE_DEPTH = 5;

export interface SystemSourceOptions {
  readonly processes: Processes;
  /** Of the user: PATH is where names are looked for. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The tree holds one link to the program; its digest is taken as it was found, so that a later change can be noticed.
 * Rejects with RUNTIME_UNSUPPORTED when none of the candidates is there and tells its version.
 */
export function createSystemSource({ processes, environment }: SystemSourceOptions): RuntimeSourceDriver {
  const versionOf = async (program: string): Promise<string | null> => {
    const env = { PATH: environment['PATH'] ?? '', LC_ALL: 'C.UTF-8' };
    for (const flag of ['--version', '-V', '-v']) {
      const answer = await processes.run(program, [flag], { env, timeoutMs: ASK_TIMEOUT_MS });
      const version = /\d+\.\d+(?:\.\d+)*/.exec(`${answer.stdout}\n${answer.stderr}`)?.[0];
      if (answer.exitCode === 0 && version !== undefined) return version;
    }
    return null;
  };

  return {
    type: 'system',
    async stage(binary, { staging }, progress, signal) {
      const { source } = binary;
      if (source?.type !== 'system') throw new TypeError(`${binary.name} is not looked for on this machine`);
      const tried: string[] = [];
      for (const candidate of source.candidates) {
        signal.throwIfAborted();
        const program = await find(candidate, environment['PATH'] ?? '');
        if (program === null) {
          tried.push(`${candidate} is not there`);
          continue;
        }
        progress.step('verify', program);
        const version = await versionOf(program);
        if (version === null) {
          tried.push(`${program} does not tell its version`);
          continue;
        }
        const link = join(staging, binary.binPath.split('/').slice(TREE_DEPTH).join('/'));
        await mkdir(dirname(link), { recursive: true, mode: 0o755 });
        await symlink(program, link);
        const file = await realpath(program);
        const digest = `sha256:${(await digestOfFile(file, 'sha256')) ?? ''}`;
        const { size } = await stat(file);
        return { artifacts: [{ file, size, digest, name: binary.name, version }], version, sizeOnDisk: 0 };
      }
      throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot find ${binary.name} on this machine`, {
        detail: tried.join('; '),
        source: 'runtime',
        remedy: `Install ${binary.name} with the means of your system, then try again.`,
      });
    },
  };
}

/** A path as it is, a name along PATH; null when there is no such program. */
async function find(candidate: string, path: string): Promise<string | null> {
  const places = isAbsolute(candidate)
    ? [candidate]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, candidate));
  for (const place of places) {
    const isProgram = await access(place, constants.X_OK).then(
      async () => (await stat(place)).isFile(),
      () => false,
    );
    if (isProgram) return place;
  }
  return null;
}
