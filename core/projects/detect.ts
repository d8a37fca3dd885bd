/** What kind of project a folder holds: framework, stack, document root, versions and the command that starts it. Reads a few files, runs nothing. */
import { basename, join } from 'node:path';
import type { DetectedProject } from '../../contract/projects.ts';
import { sayWork } from '../../contract/sentences/work.ts';
import type { FileSystem } from '../system/files.ts';
import { detectNode, type Package } from './detect-node.ts';
import { detectCertainProgram, detectOtherProgram, type FoundProgram } from './detect-program.ts';
import { viewFolder, type FolderView } from './folder-view.ts';
import { findMissing } from './missing-parts.ts';
import { slug } from './slug.ts';

interface Composer {
  readonly require?: Readonly<Record<string, string>>;
}

type Found = Pick<DetectedProject, 'framework' | 'stack' | 'documentRoot' | 'command' | 'undecided'>;

/** @param folder absolute; @returns null when there is no such folder */
export async function detectProject(files: FileSystem, folder: string): Promise<DetectedProject | null> {
  const real = await files.realPath(folder);
  if (real === null || (await files.stat(real))?.type !== 'directory') return null;
  const view = viewFolder(files, real);
  const [npm, composer] = await Promise.all([view.json<Package>('package.json'), view.json<Composer>('composer.json')]);
  const found = await detectIn(view, npm, composer);
  const id = slug(basename(real));
  return {
    ...found,
    missing: await findMissing(files, real),
    path: real,
    id,
    name: basename(real),
    domain: `${id}.test`,
    phpVersion: found.stack === 'php' ? seriesOf(composer?.require?.['php']) : null,
    nodeVersion: found.stack === 'node' ? await nodeVersion(view, npm) : null,
  };
}

async function detectIn(view: FolderView, npm: Package | null, composer: Composer | null): Promise<Found> {
  const php = await detectPhp(view.has, composer);
  if (php !== null) return php;
  const certain = await detectCertainProgram(view);
  if (certain !== null) return program(view, certain);
  const node = await detectNode(view, npm);
  if (node?.command !== undefined && node.command !== null)
    return decided({ ...node, stack: 'node', documentRoot: '' });
  const other = await detectOtherProgram(view);
  if (other !== null) return program(view, other);
  // A package that nothing starts may still hold a built page.
  const page = await detectPage(view);
  if (page !== null) return page;
  if (node !== null) return { ...(await undecided(view, node.framework)), stack: 'node' };
  return undecided(view, composer === null ? sayWork('plainFolder') : 'PHP');
}

const decided = (found: Omit<Found, 'undecided'>): Found => ({ ...found, undecided: null });
const php = (framework: string, documentRoot: string): Found =>
  decided({ framework, stack: 'php', documentRoot, command: null });
const program = async (view: FolderView, { framework, command }: FoundProgram): Promise<Found> =>
  command === null ? undecided(view, framework) : decided({ framework, stack: 'program', documentRoot: '', command });

async function detectPhp(has: FolderView['has'], composer: Composer | null): Promise<Found | null> {
  const requires = (name: string): boolean => composer?.require?.[name] !== undefined;
  if ((await has('artisan')) || requires('laravel/framework')) return php('Laravel', 'public');
  if ((await has('bin/console')) && (await has('public/index.php'))) return php('Symfony', 'public');
  for (const root of ['', 'web', 'docroot', 'public']) {
    if (await has(join(root, 'core/lib/Drupal.php'))) return php('Drupal', root);
    if ((await has(join(root, 'wp-load.php'))) || (await has(join(root, 'wp-config.php'))))
      return php('WordPress', root);
  }
  for (const root of ['public', 'web', 'htdocs', 'html', ''])
    if (await has(join(root, 'index.php'))) return php('PHP', root);
  return null;
}

/** Folders that hold a page to serve, the usual ones first. */
const PAGE_FOLDERS = ['', 'public', 'dist', 'build', '_site', 'www', 'html', 'htdocs', 'site', 'docs'] as const;

async function detectPage(view: FolderView): Promise<Found | null> {
  for (const root of PAGE_FOLDERS.slice(0, 5))
    if (await view.has(join(root, 'index.html')))
      return decided({ framework: sayWork('staticSite'), stack: 'static', documentRoot: root, command: null });
  return null;
}

/** Never served as it is: a folder of source holds keys and passwords. Says which folders in it have a page. */
async function undecided(view: FolderView, framework: string): Promise<Found> {
  const pages = await Promise.all(
    PAGE_FOLDERS.map(async (root) => (root !== '' && (await view.has(join(root, 'index.html'))) ? [root] : [])),
  );
  return { framework, stack: 'program', documentRoot: '', command: null, undecided: { folders: pages.flat() } };
}

/** The first `8.3` or `20` of a version range such as `^8.3` or `>=20 <23`. */
const seriesOf = (range: unknown): string | null =>
  (typeof range === 'string' ? /\d+(?:\.\d+)?/.exec(range)?.[0] : undefined) ?? null;

async function nodeVersion(view: FolderView, npm: Package | null): Promise<string | null> {
  for (const name of ['.nvmrc', '.node-version']) {
    const major = seriesOf((await view.text(name)) ?? undefined);
    if (major !== null) return major.split('.')[0] ?? null;
  }
  return seriesOf(npm?.engines?.node)?.split('.')[0] ?? null;
}
