/** Node programs: which framework a package names, and what starts its development server. */
import type { FolderView } from './folder-view.ts';

export interface Package {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly engines?: { readonly node?: string };
}

/** Development servers take their port in their own ways; each as its documentation has it. */
const SERVERS: readonly {
  readonly name: string;
  readonly framework: string;
  readonly flags: string;
  /** Scripts that are better than the usual ones. */
  readonly scripts?: readonly string[];
}[] = [
  { name: 'next', framework: 'Next.js', flags: ' -- -p $PORT -H 127.0.0.1' },
  { name: 'nuxt', framework: 'Nuxt', flags: ' -- --port $PORT --host 127.0.0.1' },
  { name: 'astro', framework: 'Astro', flags: ' -- --port $PORT --host 127.0.0.1' },
  { name: '@sveltejs/kit', framework: 'SvelteKit', flags: ' -- --port $PORT --strictPort --host 127.0.0.1' },
  // Its script `start` watches nothing; https://docs.nestjs.com/first-steps#running-the-application
  { name: '@nestjs/core', framework: 'NestJS', flags: '', scripts: ['start:dev'] },
  { name: 'vite', framework: 'Vite', flags: ' -- --port $PORT --strictPort --host 127.0.0.1' },
  { name: 'express', framework: 'Express', flags: '' },
  { name: 'fastify', framework: 'Fastify', flags: '' },
];

export interface FoundNode {
  readonly framework: string;
  /** For the shell; null: nothing starts it. */
  readonly command: string | null;
}

/** @returns null for what is no Node program; a package without a script or a server file has no command */
export async function detectNode(view: FolderView, npm: Package | null): Promise<FoundNode | null> {
  if (npm === null) {
    for (const file of ['server.js', 'app.js', 'server.mjs'])
      if (await view.has(file)) return { framework: 'Node', command: `node ${file}` };
    return null;
  }
  const uses = (name: string): boolean => (npm.dependencies?.[name] ?? npm.devDependencies?.[name]) !== undefined;
  const known = SERVERS.find(({ name }) => uses(name));
  const framework = known?.framework ?? 'Node';
  const script = [...(known?.scripts ?? []), 'dev', 'start', 'serve'].find((name) => npm.scripts?.[name] !== undefined);
  if (script !== undefined) {
    // Flags are the development server's; a script of another kind would not know them.
    const isServer =
      known !== undefined &&
      new RegExp(`\\b(${known.name.split('/').at(-1) ?? ''}|vite)\\b`).test(npm.scripts?.[script] ?? '');
    return { framework, command: `npm run ${script}${isServer ? (known?.flags ?? '') : ''}` };
  }
  for (const file of ['server.js', 'app.js', 'index.js', 'server.mjs'])
    if (await view.has(file)) return { framework, command: `node ${file}` };
  return { framework, command: null };
}
