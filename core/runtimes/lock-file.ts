/** `kojibox.lock.json`: which bytes a project runs on, written for a colleague, and installed from there. */
import { isAbsolute, join } from 'node:path';
import type { Change } from '../../contract/changes.ts';
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { RuntimeLockSchema, type InstalledRuntime, type RuntimeLock } from '../../contract/runtimes.ts';
import type { Changes } from '../changes/changes.ts';
import type { System } from '../system/system.ts';
import type { RuntimeChoiceWork } from './runtime-choices.ts';
import type { Runtimes } from './runtimes.ts';
import { sayWork } from '../../contract/sentences/work.ts';

const MAX_LOCK_BYTES = 4_000_000;
const FILE = 'kojibox.lock.json';

export interface LockFiles {
  /** Rejects with RUNTIME_MISSING for one that is not installed, VALIDATION_FAILED for a path that is not absolute. */
  write(project: ProjectConfig, path: string | undefined): Promise<{ path: string; lock: RuntimeLock }>;
  /** Installs and pins exactly what the file says. Rejects with VALIDATION_FAILED for what is no lock file. */
  install(path: string): Promise<Change>;
}

export function createLockFiles(options: {
  readonly system: System;
  readonly changes: Changes;
  readonly runtimes: Runtimes;
  readonly choices: RuntimeChoiceWork;
  /** Runtimes and series that a project runs on. */
  runtimesOf(project: ProjectConfig): readonly { readonly name: string; readonly series: string }[];
  /** Remembers what is added to a series of PHP. */
  keepExtensions(series: string, extensions: readonly string[]): Promise<void>;
  changed(): void;
}): LockFiles {
  const { system, changes, runtimes, choices } = options;
  const { os, arch } = system.host;

  const invalid = (path: string, detail: string): KojiboxError =>
    new KojiboxError('VALIDATION_FAILED', `cannot use ${path} as a lock file`, {
      detail,
      source: 'runtime',
      remedy: 'Write one with: koji runtime lock PROJECT',
    });

  const read = async (path: string): Promise<RuntimeLock> => {
    const text = isAbsolute(path) ? await system.files.readForeign(path, { maxBytes: MAX_LOCK_BYTES }) : null;
    if (text === null) throw invalid(path, 'there is no such file; give its whole path');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw invalid(path, error instanceof Error ? error.message : 'it is not JSON');
    }
    const parsed = RuntimeLockSchema.safeParse(value);
    const [issue] = parsed.error?.issues ?? [];
    if (!parsed.success) throw invalid(path, `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`);
    return parsed.data;
  };

  return {
    async write(project, path) {
      const file = path ?? join(project.path, FILE);
      if (!isAbsolute(file)) throw invalid(file, 'it must be an absolute path');
      const lock: RuntimeLock = {
        lockVersion: 1,
        runtimes: options.runtimesOf(project).map(({ name, series }) => {
          const installed = runtimes.installed(name, series);
          if (installed !== null) return lockEntry(installed);
          throw new KojiboxError('RUNTIME_MISSING', `cannot lock the runtimes of ${project.name}`, {
            detail: `${name} ${series} is not installed`,
            source: 'runtime',
            remedy: `Install it with: koji runtime install ${name} ${series}`,
          });
        }),
      };
      const folder = await system.files.stat(join(file, '..'));
      if (folder?.type !== 'directory') throw invalid(file, 'its folder is not there');
      await system.files.writeAtomic(file, `${JSON.stringify(lock, null, 2)}\n`, {
        mode: 0o644,
        ...(system.host.isRoot ? { owner: { uid: folder.uid, gid: folder.gid } } : {}),
      });
      return { path: file, lock };
    },

    async install(path) {
      const { runtimes: all } = await read(path);
      const wanted = all.filter((entry) => entry.os === os && entry.arch === arch);
      if (wanted.length === 0)
        throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot install what ${path} says`, {
          detail: `it has nothing for ${os}-${arch}`,
          source: 'runtime',
          remedy: 'Write one on this kind of machine: koji runtime lock PROJECT',
        });
      return changes.run('runtime.install', `Installing what ${path} says`, async ({ task, signal }) => {
        const reporters = wanted.map((entry) => task(entry.name, `${entry.name} ${entry.version}`));
        const failures: KojiboxError[] = [];
        for (const [index, entry] of wanted.entries()) {
          const reporter = reporters[index];
          const { name, series, version, digest, extensions } = entry;
          try {
            const there = runtimes.installed(name, version);
            if (there !== null && there.digest !== digest) throw otherBytes(there);
            if (there === null && reporter !== undefined)
              await runtimes.installExactly(
                name,
                { series, version, digest, ...(extensions === undefined ? {} : { extensions }) },
                reporter,
                signal,
              );
            if (name === 'php' && extensions !== undefined) await options.keepExtensions(series, extensions);
            await choices.pin(name, version);
            reporter?.done(there === null ? version : sayWork('wasThere'));
          } catch (error) {
            if (signal.aborted || !(error instanceof KojiboxError)) throw error;
            reporter?.fail(error.detail);
            failures.push(error);
          }
        }
        options.changed();
        const [first] = failures;
        if (first !== undefined)
          throw new KojiboxError(first.code, `cannot install all that ${path} says`, {
            detail: failures.map(({ message, detail }) => `${message}: ${detail}`).join('; '),
            source: 'runtime',
            remedy: `The others are installed and pinned. ${first.remedy}`,
          });
      }).change;
    },
  };
}

const lockEntry = ({
  name,
  series,
  version,
  os,
  arch,
  digest,
  extensions,
  artifacts,
}: InstalledRuntime): RuntimeLock['runtimes'][number] => ({
  name,
  series,
  version,
  os,
  arch,
  digest,
  ...(extensions === undefined ? {} : { extensions }),
  artifacts: artifacts.map((artifact) => ({
    file: artifact.file.split('/').at(-1) ?? '',
    digest: artifact.digest,
    size: artifact.size,
  })),
});

const otherBytes = ({ name, version, series }: InstalledRuntime): KojiboxError =>
  new KojiboxError('RUNTIME_IN_USE', `cannot install ${name} ${version} as locked`, {
    detail: 'this version is installed already, with other bytes',
    source: 'runtime',
    remedy: `Remove it first: koji runtime remove ${name} ${series}`,
  });
