/** The rules of the house as data and pure functions, so that each can be proven with a sample that breaks it. */

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly what: string;
}

/** Which folders a folder may import from; node: and npm are judged apart. `import type` counts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contract: ['contract'],
  core: ['core', 'contract'],
  client: ['client', 'contract'],
  // What has processes and files, so not for pages.
  'client/launch': ['client', 'contract'],
  daemon: ['daemon', 'core', 'contract'],
  edge: ['edge', 'contract'],
  cli: ['cli', 'client', 'contract'],
  // Runs as root: as little as possible.
  'installer/privileged': ['installer/privileged', 'core/privileged', 'core/domains', 'contract'],
  'electron/main': ['electron/main', 'client', 'contract'],
  'electron/preload': ['electron/preload'],
  'renderer/ui': ['renderer/ui'],
  'renderer/locales': ['renderer/locales', 'contract'],
  'renderer/stores': ['renderer/stores', 'renderer/locales', 'client', 'contract'],
  'renderer/features': [
    'renderer/features',
    'renderer/stores',
    'renderer/ui',
    'renderer/locales',
    'client',
    'contract',
  ],
  'renderer/app': [
    'renderer/app',
    'renderer/features',
    'renderer/stores',
    'renderer/ui',
    'renderer/locales',
    'client',
    'contract',
  ],
};
/** Parts of the daemon that only the files at its top join. */
const DAEMON_PARTS = ['drivers', 'sources', 'handlers', 'transports'];
const CORE_NODE_MODULES = /^node:(crypto|path|url|util|zlib|buffer|stream)(\/|$)/;
const PURE_NPM = /^(zod|canonicalize|node-forge|hostile)(\/|$)/;

const importsOf = ({ text }: SourceFile): string[] =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

/** `core/x/y.ts` importing `../z.ts` → `core/z.ts`. */
function resolveImport(from: string, target: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const areaOf = (path: string): string | undefined =>
  Object.keys(MAY_IMPORT)
    .filter((area) => path.startsWith(`${area}/`))
    .sort((a, b) => b.length - a.length)[0];

const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.includes('/testing/');

export function checkImports(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !isTest(path))
    .flatMap((file) => {
      const area = areaOf(file.path);
      if (area === undefined) return [];
      return importsOf(file).flatMap((target) => {
        const what = judgeImport(file.path, area, target);
        return what === null ? [] : [{ path: file.path, what }];
      });
    });
}

function judgeImport(path: string, area: string, target: string): string | null {
  if (!target.startsWith('.')) {
    if (target.startsWith('node:')) {
      if (area === 'core' && !CORE_NODE_MODULES.test(target)) return `core must not import ${target}`;
      return ['contract', 'client', 'electron/preload'].includes(area) || area.startsWith('renderer')
        ? `${area} must not import ${target}`
        : null;
    }
    if (area === 'contract' && target !== 'zod') return `contract must not import ${target}`;
    if (area === 'core' && !PURE_NPM.test(target)) return `core must not import ${target}`;
    if (area.startsWith('client')) return `${area} must not import ${target}`;
    if (area === 'installer/privileged') return `${area} must not import ${target}`;
    if (target === 'electron' && !area.startsWith('electron')) return `${area} must not import electron`;
    return null;
  }
  const resolved = resolveImport(path, target);
  const allowed = MAY_IMPORT[area] ?? [];
  if (!allowed.some((folder) => resolved.startsWith(`${folder}/`))) return `${area} must not import ${resolved}`;
  if (resolved.startsWith('client/launch/') && !['client/launch', 'cli', 'electron/main'].includes(area))
    return `${area} must not import ${resolved}: it runs where there are no processes`;
  const part = (file: string): string | undefined => DAEMON_PARTS.find((name) => file.startsWith(`daemon/${name}/`));
  if (area === 'daemon' && part(path) !== undefined && part(resolved) !== undefined && part(path) !== part(resolved))
    return `${path} must not import ${resolved}: only the files at its top join the parts of the daemon`;
  const feature = (file: string): string | undefined => /^renderer\/features\/([^/]+)\//.exec(file)?.[1];
  if (area === 'renderer/features' && feature(resolved) !== undefined && feature(path) !== feature(resolved))
    return 'features must not import features';
  return null;
}

/** A cycle of files, or null. */
export function findImportCycle(files: readonly SourceFile[]): string[] | null {
  const known = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => resolveImport(file.path, target)),
    ]),
  );
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): string[] | null => {
    const at = trail.indexOf(path);
    if (at !== -1) return [...trail.slice(at), path];
    if (done.has(path)) return null;
    trail.push(path);
    for (const next of known.get(path) ?? []) {
      const cycle = known.has(next) ? visit(next) : null;
      if (cycle !== null) return cycle;
    }
    trail.pop();
    done.add(path);
    return null;
  };
  for (const path of known.keys()) {
    const cycle = visit(path);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Core touches the world only through its interfaces. */
export function checkCoreGlobals(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path.startsWith('core/') && !isTest(path))
    .flatMap(({ path, text }) => {
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replaceAll(/'[^'\n]*'|`[^`]*`/g, "''");
      return [
        ...code.matchAll(/\b(setTimeout|setInterval|process\.(?:env|platform|exit|kill)|console\.|Date\.now|fetch\()/g),
      ].map((match) => ({ path, what: `core must not use ${match[1] ?? ''}` }));
    });
}

/** What would wake a part of Node that the daemon is small without; see docs/explanation/memory.md. */
export function checkFootprint(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => /^(core|daemon|contract)\//.test(path) && !isTest(path))
    .flatMap(({ path, text }) =>
      /\.localeCompare\(|Intl\.Collator/.test(text)
        ? [{ path, what: 'loads the collation tables; take compareText or compareNames' }]
        : [],
    );
}

const VAGUE_NAME = /(^|\/)(utils?|helpers?|common|managers?|misc)\.[a-z]+$/;
const PLATFORM_FOLDERS =
  /^(daemon\/(system|drivers|sources|helper)|scripts|tests|bench|cli|client\/launch|electron\/main|daemon\/main\.ts|installer)/;

export function checkShape(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) => {
    const found: Violation[] = [];
    const lines = text.split('\n').length;
    const limit = path.startsWith('electron/preload/') ? 40 : 500;
    if (lines > limit) found.push({ path, what: `has ${lines} lines; ${limit} are allowed` });
    if (VAGUE_NAME.test(path) && path !== 'contract/common.ts')
      found.push({ path, what: 'has a name that says nothing' });
    const name = path.split('/').at(-1) ?? '';
    if (name.endsWith('.vue') ? !/^[A-Z][A-Za-z]+\.vue$/.test(name) : !/^[a-z0-9.-]+$/.test(name))
      found.push({ path, what: 'is not named in the way of the house' });
    if (/process\.platform/.test(text) && !PLATFORM_FOLDERS.test(path))
      found.push({ path, what: 'asks for the platform outside the system layer' });
    return found;
  });
}

/** Names of package registries and keys that must never be in the repository. Written apart, so that this file does not name them. */
const FORBIDDEN = [
  {
    what: 'names a package registry',
    pattern: new RegExp(['registry\\.npm', 'js\\.org|deb\\.deb', 'ian\\.org|npm', 'js\\.com'].join('')),
  },
  { what: 'holds a download address', pattern: /"resolved":\s*"https?:/ },
  { what: 'holds a private key', pattern: new RegExp(`BEGIN ([A-Z]+ )?PRIVATE KEY`) },
];

export function checkForbiddenText(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) =>
    FORBIDDEN.filter(({ pattern }) => pattern.test(text)).map(({ what }) => ({ path, what })),
  );
}

/** Each code must be thrown by the product, and stand in the reference. */
export function checkErrorCodes(
  codes: readonly string[],
  product: readonly SourceFile[],
  reference: string,
): Violation[] {
  return codes.flatMap((code) => {
    const thrown = product.some(
      ({ path, text }) =>
        path !== 'contract/errors.ts' &&
        new RegExp(`['"]${code}['"]`).test(
          text.replaceAll(/errors: \[[^\]]*\]/g, '').replaceAll(/Errors = \[[^\]]*\]/g, ''),
        ),
    );
    return [
      ...(thrown ? [] : [{ path: 'contract/errors.ts', what: `${code} is never thrown` }]),
      ...(reference.includes(`\`${code}\``)
        ? []
        : [{ path: 'docs/reference/errors.md', what: `${code} is not documented` }]),
    ];
  });
}
