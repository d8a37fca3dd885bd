/** Where copies of Debian's archive are: the user's mirror, else the addresses that this system's apt uses, then those of the release. Trust comes from none of them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Roots of archives, the first to be tried first; without a slash at the end. */
export interface Addresses {
  readonly debian: readonly string[];
  readonly security: readonly string[];
}

const OfficialSchema = z.strictObject({
  debian: z.array(z.url({ protocol: /^https?$/ })),
  security: z.array(z.url({ protocol: /^https?$/ })),
});

const SUITE =
  /^(?:bullseye|bookworm|trixie|forky|duke|oldoldstable|oldstable|stable|testing|sid|unstable)(?:-updates|-security)?$/;

/** Those of the release; none in a build that was not told any. @param archives folder of Kojibox's own data about archives */
export const readOfficial = async (archives: string): Promise<Addresses> =>
  OfficialSchema.parse(JSON.parse(await readFile(join(archives, 'debian.json'), 'utf8')));

/** @param mirror of the user: then nothing else is asked */
export async function readAddresses(options: {
  readonly mirror: string | undefined;
  readonly official: Addresses;
  /** Normally `/etc/apt`. */
  readonly etc: string;
}): Promise<Addresses> {
  const { mirror, official, etc } = options;
  if (mirror !== undefined) return { debian: [`${mirror}/debian`], security: [`${mirror}/debian-security`] };
  const host = await readHostAddresses(etc);
  const join_ = (folder: string, others: readonly string[]): string[] => [
    ...new Set([...host.filter((url) => url.endsWith(`/${folder}`)), ...others]),
  ];
  return { debian: join_('debian', official.debian), security: join_('debian-security', official.security) };
}

/** Addresses in sources.list(5), in both forms; what cannot be read is passed over. */
async function readHostAddresses(etc: string): Promise<string[]> {
  const folder = join(etc, 'sources.list.d');
  const names = (await readdir(folder).catch(() => [])).sort();
  const found: string[] = [];
  for (const file of [join(etc, 'sources.list'), ...names.map((name) => join(folder, name))]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) found.push(...text.split(/\n\s*\n/).flatMap(fromStanza));
    else if (file.endsWith('.list')) found.push(...text.split('\n').flatMap(fromLine));
  }
  return found
    .filter((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))
    .map((url) => url.replace(/\/+$/, ''));
}

function fromStanza(text: string): string[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  const words = (name: string): string[] =>
    new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'mi').exec(lines.join('\n'))?.[1]?.trim().split(/\s+/) ?? [];
  const isOn = words('Types').includes('deb') && words('Enabled')[0]?.toLowerCase() !== 'no';
  return isOn && words('Suites').some((suite) => SUITE.test(suite)) ? words('URIs') : [];
}

function fromLine(line: string): string[] {
  const [, uri, suite] = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s/.exec(`${line.trim()} `) ?? [];
  return uri !== undefined && SUITE.test(suite ?? '') ? [uri] : [];
}
