/** What the sites need to know of each project. Each is asked by itself, so that one that cannot be applied costs only its own site. */
import { hasProgram, type ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import type { RecordProblem } from '../../contract/problems.ts';
import { sayProblem } from '../../contract/sentences/problems.ts';
import type { AppAddress } from './edge-sites.ts';
import { problemOf } from './record-problem.ts';

export interface ProjectFacts {
  readonly documentRoot: string;
  readonly linkFolders: readonly string[];
  /** Of its PHP; empty for the other stacks. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of its own program; null for the other stacks. */
  readonly app: AppAddress | null;
}

export interface ProjectQuestions {
  /** Rejects when a setting of the project cannot be applied. */
  check(project: ProjectConfig): Promise<void>;
  isThere(path: string): Promise<boolean>;
  /** Rejects when there is nothing in the folder that may be served. */
  assertDecided(project: ProjectConfig): Promise<void>;
  /** Whether a domain mapping or a rule serves the root of this domain. */
  isRouted(domain: string): boolean;
  documentRoot(project: ProjectConfig): Promise<string>;
  /** Into which links of the document root may lead. */
  linkFolders(project: ProjectConfig): Promise<string[]>;
  php(project: ProjectConfig): { readonly settings: string };
  app(project: ProjectConfig): Promise<AppAddress>;
  environment(project: ProjectConfig, service: string): Promise<Record<string, string>>;
}

export interface PlannedProjects {
  /** By id; one with a problem has none. */
  readonly facts: ReadonlyMap<string, ProjectFacts>;
  readonly problems: readonly RecordProblem[];
}

export async function planProjects(
  projects: readonly ProjectConfig[],
  questions: ProjectQuestions,
): Promise<PlannedProjects> {
  const facts = new Map<string, ProjectFacts>();
  const problems: RecordProblem[] = [];
  const owners = new Map<string, string>();
  for (const project of projects) {
    const { id, domain } = project;
    try {
      const owner = owners.get(domain);
      if (owner !== undefined) throw taken(owner);
      owners.set(domain, id);
      await questions.check(project);
      facts.set(id, await factsOf(project, questions));
    } catch (error) {
      problems.push(problemOf({ scope: 'project', id }, sayProblem('cannotServe', { domain }), error));
    }
  }
  return { facts, problems };
}

async function factsOf(project: ProjectConfig, questions: ProjectQuestions): Promise<ProjectFacts> {
  const { stack, path, id, domain } = project;
  if (stack === 'proxy' && project.overrides['TARGET'] === undefined && !questions.isRouted(domain))
    throw new KojiboxError('NOT_FOUND', sayProblem('noTarget'), {
      source: 'config',
      field: 'overrides.TARGET',
      remedy: sayProblem('setTarget', { project: id }),
    });
  if (stack !== 'proxy' && !(await questions.isThere(path)))
    throw new KojiboxError('NOT_FOUND', sayProblem('folderGone', { path }), {
      source: 'config',
      field: 'path',
      remedy: sayProblem('bringFolderBack', { project: id }),
    });
  if (!questions.isRouted(domain)) await questions.assertDecided(project);
  return {
    documentRoot: await questions.documentRoot(project),
    linkFolders: await questions.linkFolders(project),
    environment: stack === 'php' ? await questions.environment(project, questions.php(project).settings) : {},
    app: hasProgram(project) ? await questions.app(project) : null,
  };
}

/** Only a file that was edited by hand has two of the same. */
const taken = (owner: string): KojiboxError =>
  new KojiboxError('DOMAIN_TAKEN', sayProblem('domainTaken', { owner }), {
    source: 'config',
    field: 'domain',
    remedy: sayProblem('chooseOther'),
  });
