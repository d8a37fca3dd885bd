/** What kind of project a folder holds: framework, stack, document root, versions and the command that starts it. Reads a few files, runs nothing. */
import { basename, join } from 'node:path';
import type { DetectedProject } from '../../contract/projects.ts';
import type { FileSystem } from '../system/files.ts';
import { slug } from './slug.ts';
import { sayWork } from '../../contract/sentences/work.ts';

interface Package {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly engines?: { readonly node?: string };
}
interface Composer {
  readonly require?: Readonly<Record<string, string>>;
}

type Found = Pick<DetectedProject, 'framework' | 'stack' | 'documentRoot' | 'command'>;

/** @param folder absolute; @returns null when there is no such folder */
export async function detectProject(files: FileSystem, folder: string): Promise<DetectedProject | null> {
  const real = await files.realPath(folder);
  if (real === null || (await files.stat(real))?.type !== 'directory') return null;
  const has = async (path: string): Promise<boolean> => (await files.stat(join(real, path))) !== null;
  const [npm, composer] = await Promise.all([
    readJson<Package>(files, join(real, 'package.json')),
    readJson<Composer>(files, join(real, 'composer.json')),
  ]);
  const found = (await detectPhp(has, composer)) ?? (await detectNode(has, npm)) ?? (await detectPlain(has));
  const id = slug(basename(real));
  return {
    ...found,
    path: real,
    id,
    name: basename(real),
    domain: `${id}.test`,
    phpVersion: found.stack === 'php' ? seriesOf(composer?.require?.['php']) : null,
    nodeVersion: found.stack === 'node' ? await nodeVersion(files, real, npm) : null,
  };
}

type Has = (path: string) => Promise<boolean>;
const php = (framework: string, documentRoot: string): Found => ({
  framework,
  stack: 'php',
  documentRoot,
  command: null,
});

async function detectPhp(has: Has, composer: Composer | null): Promise<Found | null> {
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
  return composer === null ? null : php('PHP', '');
}

/** Development servers take their port in their own ways; each as its documentation has it. */
const SERVERS: readonly { readonly name: string; readonly framework: string; readonly flags: string }[] = [
  { name: 'next', framework: 'Next.js', flags: ' -- -p $PORT -H 127.0.0.1' },
  { name: 'nuxt', framework: 'Nuxt', flags: ' -- --port $PORT --host 127.0.0.1' },
  { name: 'astro', framework: 'Astro', flags: ' -- --port $PORT --host 127.0.0.1' },
  { name: '@sveltejs/kit', framework: 'SvelteKit', flags: ' -- --port $PORT --strictPort --host 127.0.0.1' },
  { name: 'vite', framework: 'Vite', flags: ' -- --port $PORT --strictPort --host 127.0.0.1' },
  { name: 'express', framework: 'Express', flags: '' },
  { name: 'fastify', framework: 'Fastify', flags: '' },
];

async function detectNode(has: Has, npm: Package | null): Promise<Found | null> {
  const node = (framework: string, command: string | null): Found => ({
    framework,
    stack: 'node',
    documentRoot: '',
    command,
  });
  if (npm === null) {
    for (const file of ['server.js', 'app.js', 'server.mjs']) if (await has(file)) return node('Node', `node ${file}`);
    return null;
  }
  const uses = (name: string): boolean => (npm.dependencies?.[name] ?? npm.devDependencies?.[name]) !== undefined;
  const known = SERVERS.find(({ name }) => uses(name));
  const script = ['dev', 'start', 'serve'].find((name) => npm.scripts?.[name] !== undefined);
  if (script !== undefined) {
    // Flags are the development server's; a script of another kind would not know them.
    const isServer =
      known !== undefined &&
      new RegExp(`\\b(${known.name.split('/').at(-1) ?? ''}|vite)\\b`).test(npm.scripts?.[script] ?? '');
    return node(known?.framework ?? 'Node', `npm run ${script}${isServer ? (known?.flags ?? '') : ''}`);
  }
  for (const file of ['server.js', 'app.js', 'index.js', 'server.mjs'])
    if (await has(file)) return node(known?.framework ?? 'Node', `node ${file}`);
  return null;
}

async function detectPlain(has: Has): Promise<Found> {
  for (const root of ['', 'public', 'dist', 'build', '_site'])
    if (await has(join(root, 'index.html')))
      return { framework: sayWork('staticSite'), stack: 'static', documentRoot: root, command: null };
  return { framework: sayWork('plainFolder'), stack: 'static', documentRoot: '', command: null };
}

async function readJson<T>(files: FileSystem, path: string): Promise<T | null> {
  const text = await files.readText(path).catch(() => null);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : null;
  } catch {
    return null; // Being edited, or not JSON after all: the folder is judged by its other files.
  }
}

/** The first `8.3` or `20` of a version range such as `^8.3` or `>=20 <23`. */
const seriesOf = (range: unknown): string | null =>
  (typeof range === 'string' ? /\d+(?:\.\d+)?/.exec(range)?.[0] : undefined) ?? null;

async function nodeVersion(files: FileSystem, folder: string, npm: Package | null): Promise<string | null> {
  for (const name of ['.nvmrc', '.node-version']) {
    const major = seriesOf((await files.readText(join(folder, name)).catch(() => null)) ?? undefined);
    if (major !== null) return major.split('.')[0] ?? null;
  }
  return seriesOf(npm?.engines?.node)?.split('.')[0] ?? null;
}
