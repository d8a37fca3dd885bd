/** From sites as another tool has them to projects as Kojibox would have them: names that are allowed, conflicts, what is in the folder. */
import { relative } from 'node:path';
import { hasProgram, type ProjectConfig } from '../../contract/config.ts';
import { HostNameSchema } from '../../contract/common.ts';
import type { ImportCandidate, ImportProblem, ImportTool } from '../../contract/importers.ts';
import type { DetectedProject } from '../../contract/projects.ts';
import { chooseSeries } from '../projects/choose-version.ts';
import { slug } from '../projects/slug.ts';
import type { FoundSite } from './importer.ts';
import { sayImport } from '../../contract/sentences/imports.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

export interface CandidateWorld {
  /** Projects that are there, and those that the same scan proposed before. */
  readonly projects: readonly ProjectConfig[];
  /** Who has a domain by a mapping or a rule; null when it is free. */
  domainOwner(domain: string): string | null;
  /** Top-level names for which certificates can be made. */
  readonly localDomains: readonly string[];
  readonly versions: Readonly<
    Record<'php' | 'node', { readonly available: readonly string[]; readonly standard: string }>
  >;
  detect(path: string): Promise<DetectedProject | null>;
  /** With links resolved; null when it is not there or no folder. */
  realFolder(path: string): Promise<string | null>;
  isServable(path: string): Promise<boolean>;
  /** Folder named in projects that have none of their own. */
  readonly proxyFolder: string;
}

/** Loopback only, as for the rules of the edge. */
const TARGET = /^https?:\/\/(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])(:\d{1,5})?(\/|$)/;

export async function toCandidate(tool: ImportTool, found: FoundSite, world: CandidateWorld): Promise<ImportCandidate> {
  const warnings = [...found.warnings];
  const domain = localDomain(found.domain ?? `${slug(found.name)}.test`, world.localDomains);
  if (found.domain !== null && domain !== found.domain.toLowerCase())
    warnings.push(sayImport('otherDomain', { domain: found.domain, local: domain }));
  const aliases = [...new Set(found.aliases.map((alias) => localDomain(alias, world.localDomains)))].filter(
    (alias) => alias !== domain && HostNameSchema.safeParse(alias).success && world.domainOwner(alias) === null,
  );

  const real = found.path === null ? null : await world.realFolder(found.path);
  const detected = real === null ? null : await world.detect(real);
  const isProxy = found.target !== null;
  const stack = isProxy ? 'proxy' : await stackOf(found, real, detected, world);
  const path = isProxy ? (real ?? world.proxyFolder) : (real ?? found.path ?? '');
  const project: ProjectConfig = {
    id: freeId(idOf(found.name, domain), path, world.projects),
    name: found.name.slice(0, 100),
    path,
    domain,
    stack,
    overrides: {
      ...(isProxy ? { TARGET: found.target } : {}),
      ...(stack === 'php' || stack === 'static' ? await documentRoot(found, real, detected, world) : {}),
      ...(hasProgram({ stack }) ? { COMMAND: found.command ?? detected?.command ?? '' } : {}),
      ...(stack === 'php' ? version('php', found.phpVersion ?? detected?.phpVersion ?? null, world, warnings) : {}),
      ...(stack === 'node' ? version('node', found.nodeVersion ?? detected?.nodeVersion ?? null, world, warnings) : {}),
    },
  };
  if (project.overrides['COMMAND'] === '') {
    const { COMMAND: _, ...others } = project.overrides;
    project.overrides = others;
  }
  const [problem, reason] = await judge(found, project, real, detected, world);
  return {
    key: `${tool}:${found.name}`.slice(0, 600),
    tool,
    source: found.source,
    project,
    aliases: problem === null ? aliases : [],
    framework: isProxy ? 'Proxy' : (detected?.framework ?? ''),
    databases: [...found.databases],
    problem,
    reason,
    warnings,
  };
}

/** A folder in which nothing was found is served when the other tool serves a folder inside it, or starts it with a command. */
async function stackOf(
  found: FoundSite,
  real: string | null,
  detected: DetectedProject | null,
  world: CandidateWorld,
): Promise<ProjectConfig['stack']> {
  if (detected === null) return 'php';
  if (detected.undecided === null || found.command !== null) return detected.stack;
  const { DOCUMENT_ROOT } = await documentRoot(found, real, detected, world);
  return DOCUMENT_ROOT === undefined || DOCUMENT_ROOT === '.' ? 'program' : 'static';
}

async function judge(
  found: FoundSite,
  project: ProjectConfig,
  real: string | null,
  detected: DetectedProject | null,
  world: CandidateWorld,
): Promise<[ImportProblem, Sentence] | [null, '']> {
  const { path, domain } = project;
  if (found.target !== null && !TARGET.test(found.target))
    return ['nothing-to-serve', sayImport('notOnThisMachine', { target: found.target })];
  if (found.target === null && real === null)
    return [
      'path-missing',
      found.path === null ? sayImport('namesNoFolder') : sayImport('notThere', { path: found.path }),
    ];
  const here = world.projects.find((other) => other.path === path && other.stack !== 'proxy');
  if (found.target === null && here !== undefined)
    return ['already-there', sayImport('alreadyHere', { project: here.id })];
  if (!HostNameSchema.safeParse(domain).success) return ['domain-invalid', sayImport('badHostName', { domain })];
  const owner = world.projects.find((other) => other.domain === domain)?.id ?? world.domainOwner(domain);
  if (owner !== null) return ['domain-taken', sayImport('domainTaken', { owner, domain })];
  if (found.target === null && !(await world.isServable(path)))
    return ['path-unreadable', sayImport('notReadable', { path })];
  if (
    found.target === null &&
    detected !== null &&
    detected.undecided !== null &&
    found.command === null &&
    project.stack !== 'static'
  )
    return ['nothing-to-serve', sayImport('nothingToServe')];
  return [null, ''];
}

/** Lower case, underscores as hyphens, and `.test` instead of an ending that no local certificate is made for. */
export function localDomain(written: string, localDomains: readonly string[]): string {
  const name = written
    .trim()
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll('_', '-')
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replace(/\.+$/, '');
  const labels = name
    .split('.')
    .map((label) => label.replaceAll(/^-+|-+$/g, ''))
    .filter((label) => label !== '');
  const known = labels.join('.');
  if (labels.length > 1 && localDomains.some((local) => known.endsWith(`.${local}`))) return known;
  // ddev.site is a public name that points here; without it, what is left is the name itself.
  const own = known.endsWith('.ddev.site') ? labels.slice(0, -2) : labels.length > 1 ? labels.slice(0, -1) : labels;
  return `${own.join('.') || 'project'}.test`;
}

const idOf = (name: string, domain: string): string => {
  const own = name.includes('.') ? domain.slice(0, domain.lastIndexOf('.')) : name;
  return slug(own);
};

function freeId(wanted: string, path: string, projects: readonly ProjectConfig[]): string {
  for (let count = 1; ; count++) {
    const id = count === 1 ? wanted : `${wanted}-${count}`;
    const other = projects.find((project) => project.id === id);
    if (other === undefined || other.path === path) return id;
  }
}

async function documentRoot(
  found: FoundSite,
  real: string | null,
  detected: DetectedProject | null,
  world: CandidateWorld,
): Promise<Record<string, string>> {
  const said = found.documentRoot === null ? null : await world.realFolder(found.documentRoot);
  if (said === null || real === null) return rootOf(detected?.documentRoot ?? '');
  const inside = relative(real, said);
  return inside.startsWith('..')
    ? rootOf(detected?.documentRoot ?? '')
    : inside === ''
      ? { DOCUMENT_ROOT: '.' }
      : rootOf(inside);
}
const rootOf = (root: string): Record<string, string> => (root === '' ? {} : { DOCUMENT_ROOT: root });

function version(
  runtime: 'php' | 'node',
  wanted: string | null,
  world: CandidateWorld,
  warnings: Sentence[],
): Record<string, string> {
  const { available, standard } = world.versions[runtime];
  const chosen = chooseSeries(wanted, { available, standard, exact: true });
  const got = chosen ?? standard;
  const name = runtime === 'php' ? 'PHP' : 'Node';
  if (wanted !== null && got !== wanted)
    warnings.push(sayImport('otherVersion', { version: `${name} ${wanted}`, other: `${name} ${got}` }));
  return chosen === null ? {} : { [`${name.toUpperCase()}_VERSION`]: chosen };
}
