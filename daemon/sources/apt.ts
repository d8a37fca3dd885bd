/**
 * A private apt: its own state and cache, the system's sources and keys, no root, no change to the system. See apt.conf(5).
 * Its status file is empty, so that what is needed does not depend on what happens to be installed.
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import type { Processes, RunResult } from '../../core/system/processes.ts';

const LISTS_LAST_MS = 24 * 3600 * 1000;

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly size: number;
  /** As apt names the file: the epoch's colon is written %3a. */
  readonly fileName: string;
}

export interface PrivateApt {
  /** Fetches the lists when they are older than a day; calls at the same time share one update. */
  update(signal: AbortSignal): Promise<void>;
  /** All packages that these need, themselves included, newest versions. */
  closure(packages: readonly string[], signal: AbortSignal): Promise<Map<string, string>>;
  /** Digests and sizes as the archive's signed index has them. */
  describe(packages: ReadonlyMap<string, string>, signal: AbortSignal): Promise<DebianPackage[]>;
  /** Downloads into `folder`; apt checks each file against the signed index. */
  download(packages: readonly DebianPackage[], folder: string, signal: AbortSignal): Promise<void>;
}

export function createPrivateApt(options: {
  readonly processes: Processes;
  readonly root: string;
  readonly suite: string;
  readonly etc?: string;
}): PrivateApt {
  const { processes, suite } = options;
  const root = join(options.root, suite);
  const configFile = join(root, 'apt.conf');
  let updating: Promise<void> | undefined;

  const run = async (
    command: string,
    args: readonly string[],
    signal: AbortSignal,
    cwd?: string,
  ): Promise<RunResult> => {
    const env = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
      APT_CONFIG: configFile,
      HOME: root,
      ...proxies(),
    };
    const result = await processes
      .run(command, args, { env, signal, ...(cwd === undefined ? {} : { cwd }) })
      .catch((error: unknown) => {
        signal.throwIfAborted();
        throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot use the Debian archive`, {
          detail: `${command}: ${error instanceof Error ? error.message : String(error)}`,
          source: 'runtime',
          remedy: 'This runtime needs a system with apt (Debian or a relative).',
        });
      });
    signal.throwIfAborted();
    if (result.exitCode === 0) return result;
    const text = result.stderr.trim() || result.stdout.trim();
    if (/No space left on device|free space/i.test(text))
      throw Object.assign(new Error(text.split('\n').at(-1)), { code: 'ENOSPC' });
    const untrusted = /Hash Sum mismatch|BADSIG|not signed|NO_PUBKEY|EXPKEYSIG/i.test(text);
    throw new KojiboxError(
      untrusted ? 'DIGEST_MISMATCH' : 'DOWNLOAD_FAILED',
      `cannot fetch from the Debian archive (${suite})`,
      {
        detail:
          text
            .split('\n')
            .filter((line) => /^[EW]:/.test(line))
            .slice(0, 3)
            .join(' ') || text.slice(-300),
        source: 'runtime',
      },
    );
  };

  const prepare = async (): Promise<void> => {
    for (const folder of ['state/lists/partial', 'cache', 'parts', 'preferences.d', 'log'])
      await mkdir(join(root, folder), { recursive: true, mode: 0o700 });
    await writeFile(join(root, 'state/status'), '');
    await writeFile(configFile, aptConfig(root));
    const stanzas = await readSources(options.etc ?? '/etc/apt', suite);
    if (stanzas.length === 0) {
      throw new KojiboxError('RUNTIME_UNSUPPORTED', `cannot find a Debian archive for ${suite}`, {
        detail: 'no source in /etc/apt names a Debian release',
        source: 'runtime',
        remedy: 'Add the Debian archive to /etc/apt/sources.list.d.',
      });
    }
    for (const [index, stanza] of stanzas.entries()) await writeFile(join(root, 'parts', `${index}.sources`), stanza);
  };

  const update = async (signal: AbortSignal): Promise<void> => {
    const stamp = join(root, 'updated');
    const age = Date.now() - ((await stat(stamp).catch(() => null))?.mtimeMs ?? 0);
    if (age < LISTS_LAST_MS) return;
    await prepare();
    await run('apt-get', ['-qq', 'update'], signal);
    await writeFile(stamp, '');
  };

  return {
    update(signal) {
      updating ??= update(signal).finally(() => (updating = undefined));
      return updating;
    },

    async closure(packages, signal) {
      const { stdout } = await run('apt-get', ['-qq', '-s', 'install', '--no-install-recommends', ...packages], signal);
      return new Map([...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map((match) => [match[1] ?? '', match[2] ?? '']));
    },

    async describe(packages, signal) {
      const { stdout } = await run(
        'apt-cache',
        ['show', ...[...packages].map(([name, version]) => `${name}=${version}`)],
        signal,
      );
      const found = new Map<string, DebianPackage>();
      for (const record of stdout.split(/\n\n+/)) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
        const name = field('Package');
        const version = field('Version');
        if (packages.get(name) !== version || found.has(name)) continue;
        const fileName = `${name}_${version.replaceAll(':', '%3a')}_${field('Architecture')}.deb`;
        found.set(name, { name, version, sha256: field('SHA256'), size: Number(field('Size')), fileName });
      }
      const missing = [...packages.keys()].filter((name) => !/^[0-9a-f]{64}$/.test(found.get(name)?.sha256 ?? ''));
      if (missing.length > 0)
        throw new KojiboxError('DOWNLOAD_FAILED', 'cannot find packages in the Debian archive', {
          detail: missing.join(', '),
          source: 'runtime',
        });
      return [...found.values()];
    },

    async download(packages, folder, signal) {
      await mkdir(folder, { recursive: true });
      await run(
        'apt-get',
        ['-q', 'download', ...packages.map(({ name, version }) => `${name}=${version}`)],
        signal,
        folder,
      );
    },
  };
}

function aptConfig(root: string): string {
  return `Dir::State "${root}/state";
Dir::State::lists "${root}/state/lists";
Dir::State::status "${root}/state/status";
Dir::State::extended_states "${root}/state/extended_states";
Dir::Cache "${root}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${root}/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "${root}/preferences.d";
Dir::Log "${root}/log";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
`;
}

const proxies = (): Record<string, string> =>
  Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  );

/** Releases whose archive can stand in for another one's in a source entry. */
const DEBIAN_SUITES =
  /^(buster|bullseye|bookworm|trixie|forky|duke|oldstable|stable|testing)((-updates|-security|-proposed-updates|-backports)?)$/;

/** The system's own Debian sources with the release replaced, as deb822 stanzas; see sources.list(5). */
export async function readSources(etc: string, suite: string): Promise<string[]> {
  const files = [
    join(etc, 'sources.list'),
    ...(await readdir(join(etc, 'sources.list.d')).catch(() => []))
      .sort()
      .map((name) => join(etc, 'sources.list.d', name)),
  ];
  const stanzas: string[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources'))
      stanzas.push(...text.split(/\n\s*\n/).flatMap((stanza) => replaceInStanza(stanza, suite)));
    else if (file.endsWith('.list')) stanzas.push(...text.split('\n').flatMap((line) => replaceInLine(line, suite)));
  }
  return stanzas;
}

/** Updates and security only; what was a backport or a proposal elsewhere is not wanted. */
function replaceSuites(names: readonly string[], suite: string): string[] {
  return names.flatMap((name) => {
    const part = DEBIAN_SUITES.exec(name)?.[2];
    return part === undefined || part === '-proposed-updates' || part === '-backports' ? [] : [`${suite}${part}`];
  });
}

function replaceInStanza(stanza: string, suite: string): string[] {
  const text = stanza
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  const field = (name: string): string[] =>
    new RegExp(`^${name}:[ \t]*(.*)$`, 'mi').exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  if (!field('Types').includes('deb') || /^Enabled:\s*no/im.test(text)) return [];
  const suites = replaceSuites(field('Suites'), suite);
  if (suites.length === 0) return [];
  return [
    `${text
      .replace(/^Suites:.*$/im, `Suites: ${suites.join(' ')}`)
      .replace(/^Types:.*$/im, 'Types: deb')
      .trim()}\n`,
  ];
}

function replaceInLine(line: string, suite: string): string[] {
  const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
  if (match === null) return [];
  const suites = replaceSuites([match[3] ?? ''], suite);
  if (suites.length === 0) return [];
  const signedBy = /signed-by=(\S+)/i.exec(match[1] ?? '')?.[1];
  return [
    `Types: deb\nURIs: ${match[2] ?? ''}\nSuites: ${suites.join(' ')}\nComponents: ${(match[4] ?? '').trim()}\n${signedBy === undefined ? '' : `Signed-By: ${signedBy}\n`}`,
  ];
}
