/** Databases, web servers and languages that are on this machine already: along PATH, and by the ports they listen on. */
import { delimiter, isAbsolute, join } from 'node:path';
import type { FoundProgram } from '../../contract/first-run.ts';
import { holderName, type PortHolder } from '../system/network.ts';
import type { System } from '../system/system.ts';

interface Kind {
  readonly name: string;
  readonly label: string;
  /** Programs in the order of looking, with the flag that makes them tell their version. */
  readonly programs: readonly (readonly [program: string, flag: string])[];
  readonly ports: readonly number[];
  /** Kojibox's own runtime for the same purpose. */
  readonly runtime: 'mariadb' | 'postgres' | 'redis' | 'php' | 'node' | null;
}

const KINDS: readonly Kind[] = [
  {
    name: 'mysql',
    label: 'MySQL or MariaDB',
    programs: [
      ['mariadbd', '--version'],
      ['mysqld', '--version'],
    ],
    ports: [3306],
    runtime: 'mariadb',
  },
  { name: 'postgres', label: 'PostgreSQL', programs: [['postgres', '--version']], ports: [5432], runtime: 'postgres' },
  { name: 'redis', label: 'Redis', programs: [['redis-server', '--version']], ports: [6379], runtime: 'redis' },
  { name: 'php', label: 'PHP', programs: [['php', '--version']], ports: [], runtime: 'php' },
  { name: 'node', label: 'Node', programs: [['node', '--version']], ports: [], runtime: 'node' },
  {
    name: 'web-server',
    label: 'Web server',
    programs: [
      ['nginx', '-v'],
      ['apache2', '-v'],
      ['httpd', '-v'],
      ['caddy', 'version'],
    ],
    ports: [80, 443],
    runtime: null,
  },
];

const ASK_TIMEOUT_MS = 5000;
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin'];

export interface ProgramFacts {
  readonly system: System;
  /** Kojibox's own folder: what lies in it is not someone else's. */
  readonly home: string;
  /** Series of a runtime that Kojibox can install. */
  available(runtime: string): readonly string[];
  /** Is this a port on which a service of ours listens? */
  isOurs(port: number): boolean;
}

export async function findPrograms(facts: ProgramFacts): Promise<FoundProgram[]> {
  const found = await Promise.all(KINDS.map((kind) => findKind(kind, facts)));
  return found.filter((program) => program !== null);
}

async function findKind(kind: Kind, facts: ProgramFacts): Promise<FoundProgram | null> {
  const found = await findProgram(kind, facts);
  const listening = await findListener(kind, facts);
  // A program that lies here need not be the one that listens.
  const isIt = listening === null || listening.holder.description.includes(found?.path.split('/').at(-1) ?? '/');
  const program = isIt ? found : null;
  if (program === null && listening === null) return null;
  const series = kind.runtime === null || program === null ? null : seriesFor(kind.runtime, program.version, facts);
  return {
    name: kind.name,
    version: program?.version ?? null,
    path: program?.path ?? null,
    port: listening?.port ?? null,
    holder: listening === null ? null : holderName(listening.holder),
    offer:
      listening !== null ? (holdsDatabases(kind) ? 'take-over' : 'beside') : series !== null ? 'same-version' : 'none',
    advice: adviceFor(kind, program?.version ?? null, listening?.port ?? null, series),
    series,
  };
}

/** Servers whose databases can be copied. */
const holdsDatabases = ({ runtime }: Kind): boolean => runtime === 'mariadb' || runtime === 'postgres';

function adviceFor(
  { label, runtime }: Kind,
  version: string | null,
  port: number | null,
  series: string | null,
): string {
  if (runtime === null)
    return port === null
      ? `It does not run, and is not in the way.`
      : `It holds port ${port}: links of Kojibox carry a port number as long as it runs.`;
  if (port !== null && runtime !== 'redis')
    return `Kojibox takes another port beside it; its databases can be copied: koji db take-over`;
  if (port !== null) return `Kojibox takes another port beside it; both keep their own data.`;
  if (series !== null) return `Kojibox has ${label} ${series} too, and can make it the standard.`;
  return `Kojibox brings its own ${label}${version === null ? '' : ` beside ${version}`}; this one is left alone.`;
}

/** Only languages: a database keeps its data by version. */
function seriesFor(runtime: string, version: string | null, { available }: ProgramFacts): string | null {
  if ((runtime !== 'php' && runtime !== 'node') || version === null) return null;
  const [major = '', minor = ''] = version.split('.');
  const series = runtime === 'php' ? `${major}.${minor}` : major;
  return available(runtime).includes(series) ? series : null;
}

async function findProgram(
  { programs }: Kind,
  { system, home }: ProgramFacts,
): Promise<{ path: string; version: string | null } | null> {
  const path = system.host.environment['PATH'] ?? '';
  // It may be a link: then its programs are elsewhere.
  const place = (await system.files.realPath(home)) ?? home;
  const folders = [...new Set([...path.split(delimiter).filter(isAbsolute), ...SYSTEM_FOLDERS])];
  for (const [name, flag] of programs) {
    for (const folder of folders) {
      const file = join(folder, name);
      const real = await system.files.realPath(file).catch(() => null);
      if (real === null || real.startsWith(`${place}/`) || (await system.files.stat(real))?.type !== 'file') continue;
      const answer = await system.processes
        .run(file, [flag], { env: { PATH: path, LC_ALL: 'C.UTF-8' }, timeoutMs: ASK_TIMEOUT_MS })
        .catch(() => null); // No program after all.
      if (answer === null) continue;
      const version = /\d+\.\d+(?:\.\d+)*/.exec(`${answer.stdout}\n${answer.stderr}`)?.[0] ?? null;
      if (answer.exitCode === 0) return { path: file, version };
    }
  }
  return null;
}

async function findListener(
  { ports }: Kind,
  { system, isOurs }: ProgramFacts,
): Promise<{ port: number; holder: PortHolder } | null> {
  for (const port of ports) {
    if (isOurs(port)) continue;
    const holder = await system.network.holderOf(port);
    if (holder !== null) return { port, holder };
  }
  return null;
}
