/** What must hold before a project's settings are stored, and each time they are applied: a rule per setting. */
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { ProxyRuleSchema } from '../../contract/proxy.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';
import { isVariableName } from '../config/overrides.ts';
import { assertLocalDomain } from '../domains/local-domain.ts';
import type { Runtimes } from '../runtimes/runtimes.ts';
import { resolveSettings } from '../secrets/references.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { findClosedLink, type LinkOptions } from './allowed-links.ts';
import type { PlaceCheck } from './place.ts';

/** Throws, or rejects with, a KojiboxError that names project and field. */
export type ProjectRule = (project: ProjectConfig) => void | Promise<void>;

export interface ProjectRulesOptions {
  readonly links: LinkOptions;
  readonly secrets: Pick<Secrets, 'get'>;
  /** What a project may reach. */
  readonly place: Pick<PlaceCheck, 'assertProject'>;
  /** `resolve` throws RUNTIME_UNSUPPORTED; `list` has the series that this machine can install. */
  readonly runtimes: Pick<Runtimes, 'resolve' | 'list'>;
}

/** @returns checks one project against all rules; rejects with the error of the first that does not hold */
export function createProjectRules(options: ProjectRulesOptions): (project: ProjectConfig) => Promise<void> {
  const rules: readonly ProjectRule[] = [
    ({ domain }) => assertLocalDomain(domain),
    assertNames,
    (project) => options.place.assertProject(project),
    assertTarget,
    (project) => assertVersions(project, options),
    (project) => assertLinks(project, options.links),
    (project) => resolveSettings(project.overrides, options.secrets, { kind: 'project', id: project.id }, 'overrides'),
  ];
  return async (project) => {
    for (const rule of rules) await rule(project);
  };
}

const invalid = (project: ProjectConfig, name: string, detail: Sentence, remedy: Sentence): KojiboxError =>
  new KojiboxError('VALIDATION_FAILED', sayProblem('cannotUseSetting', { field: name, project: project.id }), {
    detail,
    source: 'config',
    field: `overrides.${name}`,
    remedy,
  });

function assertNames(project: ProjectConfig): void {
  for (const [name, value] of Object.entries(project.overrides)) {
    if (!isVariableName(name)) throw invalid(project, name, sayProblem('badName', { name }), sayProblem('nameForm'));
    if (value.includes('\0'))
      throw invalid(project, name, sayProblem('hasNul'), sayProblem('changeProject', { project: project.id }));
  }
}

/** A proxy may wait for its target; what is there must be an address on this machine. */
function assertTarget(project: ProjectConfig): void {
  const target = project.overrides['TARGET'];
  if (project.stack !== 'proxy' || target === undefined || ProxyRuleSchema.shape.target.safeParse(target).success)
    return;
  throw invalid(project, 'TARGET', sayProblem('badTarget', { target }), sayProblem('targetForm'));
}

async function assertLinks(project: ProjectConfig, links: LinkOptions): Promise<void> {
  const folder = await findClosedLink(project, links);
  if (folder !== null)
    throw invalid(project, 'ALLOWED_LINKS', sayProblem('closedLink', { folder }), sayProblem('linkForm'));
}

function assertVersions(project: ProjectConfig, { runtimes }: ProjectRulesOptions): void {
  for (const [name, runtime] of [
    ['PHP_VERSION', 'php'],
    ['NODE_VERSION', 'node'],
  ] as const) {
    const version = project.overrides[name];
    if (version === undefined) continue;
    try {
      runtimes.resolve(runtime, version);
    } catch (cause) {
      if (!(cause instanceof KojiboxError)) throw cause;
      const known = runtimes.list(new Map()).filter((entry) => entry.name === runtime);
      throw new KojiboxError(cause.code, sayProblem('cannotUseSetting', { field: name, project: project.id }), {
        detail: sayProblem('unknownVersion', { runtime, version }),
        source: 'config',
        field: `overrides.${name}`,
        remedy: sayProblem('versionsAre', { versions: known.map(({ series }) => series).join(', ') }),
        cause,
      });
    }
  }
}
