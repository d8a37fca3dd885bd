/** The settings of the private apt: own state and cache, the system's sources and keys, nothing else of the system. See apt.conf(5), sources.list(5). */
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Distribution } from '../system/distribution.ts';

/** How the user reaches the archive is kept; what would loosen the checks of it is not. */
const KEPT_SETTING =
  /^Acquire::(?:(?:http|https|ftp|tor)::|Check-(?:Valid-Until|Date)|Max-|Min-|ForceIPv|Retries|Queue-Mode)/i;

/**
 * Given to apt as APT_CONFIG, which is read before all other files; these are switched off with it, because their hooks (docker-clean,
 * AppStream) change the system, and their cache settings make every call three times as slow.
 * @param systemSettings what `apt-config dump` says outside of it
 * @param isCopy the sources are copies of signed indexes in a folder: they are as old as the copy, and only there uncompressed
 */
export function aptConfig(root: string, systemSettings: string, isCopy = false): string {
  const kept = systemSettings
    .split('\n')
    .filter((line) => KEPT_SETTING.test(line) && !/::Verify-|AllowRedirect/i.test(line));
  return `Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${root}/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "${root}/preferences.d";
Dir::State "${root}/state";
Dir::State::lists "${root}/state/lists";
Dir::State::status "${root}/state/status";
Dir::State::extended_states "${root}/state/extended_states";
Dir::Cache "${root}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Log "${root}/log";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::Retries "3";
${kept.join('\n')}
${isCopy ? COPY_SETTINGS : ''}Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
`;
}

/** Signatures and digests are checked all the same; the InRelease file has the digest of the uncompressed index too. */
const COPY_SETTINGS = `Acquire::Check-Valid-Until "false";
Acquire::IndexTargets::deb::Packages::CompressionTypes "uncompressed";
`;

const POCKETS = '((?:-updates|-security|-proposed-updates|-proposed|-backports)?)';
/** Releases whose archive can stand in for another one's in a source entry. */
const DEBIAN_SUITES = new RegExp(`^(?:buster|bullseye|bookworm|trixie|forky|duke|oldstable|stable|testing)${POCKETS}$`);

/** How the release is replaced in the sources of one system. */
interface Replacement {
  readonly suite: string;
  /** Suites that are replaced; the group is the pocket, `-security` and the like. */
  readonly pattern: RegExp;
}

/**
 * The system's own Debian or Ubuntu sources with the release replaced, as deb822 stanzas. Only addresses, components and keys are taken
 * over: `Trusted: yes` and its like would switch off the check of the signature.
 * @param etc normally `/etc/apt`
 */
export async function readSources(etc: string, release: string, distribution: Distribution | null): Promise<string[]> {
  const suite: Replacement = {
    suite: release,
    pattern: distribution?.family === 'ubuntu' ? new RegExp(`^${distribution.codename}${POCKETS}$`) : DEBIAN_SUITES,
  };
  const folder = join(etc, 'sources.list.d');
  const names = (await readdir(folder).catch(() => [])).sort();
  const stanzas: string[] = [];
  for (const file of [join(etc, 'sources.list'), ...names.map((name) => join(folder, name))]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) stanzas.push(...text.split(/\n\s*\n/).flatMap((part) => fromStanza(part, suite)));
    else if (file.endsWith('.list')) stanzas.push(...text.split('\n').flatMap((line) => fromLine(line, suite)));
  }
  return [...new Set(stanzas)];
}

/** Updates and security only; what was a backport or a proposal elsewhere is not wanted. */
function replaceSuites(names: readonly string[], { suite, pattern }: Replacement): string[] {
  return names.flatMap((name) => {
    const pocket = pattern.exec(name)?.[1];
    return pocket === undefined || /proposed|backports/.test(pocket) ? [] : [`${suite}${pocket}`];
  });
}

/** Others publish for the same releases (PPAs, vendors), but not for all of them, and their packages are not the ones that were tested. */
const isArchive = (uris: string, components: string): boolean =>
  /debian|ubuntu/.test(uris) && !/\bppa\b|launchpad/.test(uris) && /\b(main|universe)\b/.test(components);

const stanza = (uris: string, suites: readonly string[], components: string, signedBy: string): string[] =>
  suites.length === 0 || !isArchive(uris, components)
    ? []
    : [
        `Types: deb\nURIs: ${uris}\nSuites: ${suites.join(' ')}\nComponents: ${components}\n${signedBy === '' ? '' : `Signed-By: ${signedBy}\n`}`,
      ];

function fromStanza(text: string, suite: Replacement): string[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  // A value continues in lines that begin with a space: keys may be embedded so.
  const field = (name: string): string =>
    new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'mi').exec(lines.join('\n'))?.[1]?.trimEnd() ?? '';
  const words = (name: string): string[] => field(name).trim().split(/\s+/);
  if (!words('Types').includes('deb') || field('Enabled').toLowerCase() === 'no') return [];
  return stanza(field('URIs'), replaceSuites(words('Suites'), suite), field('Components'), field('Signed-By'));
}

function fromLine(line: string, suite: Replacement): string[] {
  const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
  if (match === null) return [];
  const [, options = '', uri = '', name = '', components = ''] = match;
  return stanza(uri, replaceSuites([name], suite), components.trim(), /signed-by=(\S+)/i.exec(options)?.[1] ?? '');
}

/** Where systems keep the keys of their archives, besides what their sources name. */
const KEYRINGS = ['debian', 'ubuntu'].map((family) => `/usr/share/keyrings/${family}-archive-keyring.gpg`);

/**
 * The files of keys that this system trusts for its archive. Empty: only apt's own folder of keys.
 * @param stanzas of {@link readSources}
 */
export async function readKeyrings(stanzas: readonly string[]): Promise<string[]> {
  const named = stanzas.flatMap((text) => /^Signed-By: (\/\S+)$/m.exec(text)?.[1] ?? []);
  const found = [...new Set([...named, ...KEYRINGS])].map(async (file) =>
    access(file).then(
      () => [file],
      () => [],
    ),
  );
  return (await Promise.all(found)).flat();
}

/**
 * The same sources with each address below the mirror: the last folder of the address stays, so that `debian` and `debian-security` are two.
 * @param mirror without a slash at its end
 */
export const throughMirror = (stanzas: readonly string[], mirror: string): string[] => [
  ...new Set(
    stanzas.map((text) =>
      text.replace(/^URIs: (.*)$/m, (_line, uris: string) => {
        const folders = uris
          .trim()
          .split(/\s+/)
          .map((uri) => `${mirror}/${uri.replace(/\/+$/, '').split('/').at(-1) ?? ''}`);
        return `URIs: ${[...new Set(folders)].join(' ')}`;
      }),
    ),
  ),
];
