/** npm run build: bundles the programs with esbuild and the user interface with Vite into dist/. */
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { UpdateFeedAddressSchema } from '../contract/update-feed.ts';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const { version, config } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  config: { updateFeed: string };
};
// Where this build looks for updates unless it is told otherwise; empty: nowhere.
const updateFeed = config.updateFeed === '' ? '' : UpdateFeedAddressSchema.parse(config.updateFeed);

/** Bundled CommonJS packages call require(); a module has none by itself. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
/** zod carries its messages in fifty languages; English is enough, and the daemon stays small. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup(bundler) {
    bundler.onResolve({ filter: /locales\/index\.js$/ }, ({ path, importer, resolveDir }) =>
      importer.includes('/zod/') ? { path: join(resolveDir, path.replace('index.js', 'en.js')) } : undefined,
    );
  },
};
/**
 * An import statement of a built-in module reads every export of it, also those behind a getter: Node then loads its whole fetch
 * (http.WebSocket), parses all public certificates (tls.rootCertificates), and so on: 20 MB that no one here uses. Taken from the module
 * object, and only what is used (a call that is marked as pure can be left out), they stay asleep.
 */
const leanBuiltins: Plugin = {
  name: 'lean-builtins',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'lean', sideEffects: false } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'lean' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path as 'node:http')).filter((name) => name !== 'default');
      return {
        contents: [
          `const builtin = process.getBuiltinModule('${path}');`,
          'export default builtin;',
          ...names.map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`),
        ].join('\n'),
      };
    });
  },
};
/**
 * What most programs, and the daemon for most of its life, do not use: it is loaded when one of its functions or classes is first called.
 * node:tls alone (and node:https with it) parses all public certificates in a thread of its own as soon as it is loaded: 4 MB with its code.
 */
const ASLEEP = /^((node:)?(https|tls|zlib)|ws|yauzl|yazl|xz-decompress|node-forge\/lib\/asn1\.js)$/;
const asleep: Plugin = {
  name: 'asleep',
  setup(bundler) {
    bundler.onResolve({ filter: ASLEEP }, ({ path, kind, namespace }) => {
      const isBuiltin = builtinModules.includes(path.replace('node:', ''));
      const isWanted = kind === 'import-statement' || (isBuiltin && kind === 'require-call');
      return isWanted && namespace !== 'asleep'
        ? { path: isBuiltin ? `node:${path.replace('node:', '')}` : path, namespace: 'asleep', sideEffects: false }
        : undefined;
    });
    bundler.onLoad({ filter: /.*/, namespace: 'asleep' }, async ({ path }) => {
      const isBuiltin = path.startsWith('node:');
      const names = Object.getOwnPropertyDescriptors(
        isBuiltin ? process.getBuiltinModule(path as 'node:tls') : ((await import(path)) as object),
      );
      const lines = Object.entries(names).flatMap(([name, { value }]: [string, PropertyDescriptor]) => {
        if (!/^\w+$/.test(name)) return []; // 'module.exports', which an import cannot name.
        const real = `load()${name === 'default' ? '' : `.${name}`}`;
        const as = name === 'default' ? 'export default' : `export const ${name} =`;
        if (typeof value === 'function')
          return `${as} function (...args) { const real = ${real}; return new.target ? new real(...args) : real(...args); };`;
        if (typeof value === 'object' && value !== null)
          return `${as} /* @__PURE__ */ new Proxy({}, { get: (_, key) => ${real}[key] });`;
        return [];
      });
      // `import tls from 'node:tls'`: a built-in module has no default of its own in its object.
      if (isBuiltin) lines.push('export default /* @__PURE__ */ new Proxy({}, { get: (_, key) => load()[key] });');
      const load = isBuiltin ? `process.getBuiltinModule('${path}')` : `require('${path}')`;
      return { contents: [`const load = () => ${load};`, ...lines].join('\n'), resolveDir: root };
    });
  },
};
/**
 * `import { z }` brings the whole library, because a value that is a namespace cannot be looked into; `import * as z` brings what is used.
 * The daemon needs about 5 MB less for it.
 */
const leanZod: Plugin = {
  name: 'lean-zod',
  setup(bundler) {
    bundler.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const whole = "import { z } from 'zod';";
      return text.includes(whole)
        ? { contents: text.replace(whole, "import * as z from 'zod';"), loader: 'ts' }
        : undefined;
    });
  },
};
const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: { __KOJIBOX_VERSION__: JSON.stringify(version), __KOJIBOX_UPDATE_FEED__: JSON.stringify(updateFeed) },
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  plugins: [oneLanguage, asleep, leanBuiltins, leanZod],
};
const programs = {
  cli: 'cli/main.ts',
  daemon: 'daemon/main.ts',
  edge: 'edge/main.ts',
  updater: 'daemon/updater/main.ts',
  mover: 'daemon/home/main.ts',
  electron: 'electron/main/main.ts',
  privileged: 'installer/privileged/main.ts',
  keychain: 'daemon/keychain/main.ts',
  'foreign-servers': 'daemon/foreign-servers/drivers.ts',
  archive: 'daemon/sources/debian/main.ts',
};

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
const renderer = existsSync('renderer/index.html')
  ? import('vite').then(({ build: viteBuild }) => viteBuild({ configFile: 'vite.config.ts', logLevel: 'warn' }))
  : Promise.resolve();
await Promise.all([
  ...Object.entries(programs)
    .filter(([, entry]) => existsSync(entry))
    .map(([name, entry]) =>
      build({
        ...common,
        entryPoints: { main: entry },
        outdir: `dist/${name}`,
        outExtension: { '.js': '.mjs' },
        // Only the command line imports anything late: `koji mcp` brings a library that no other command should pay for.
        splitting: name === 'cli',
        // Loaded by need as a whole: nothing in it has to sleep.
        ...(name === 'foreign-servers' || name === 'archive' ? { plugins: [] } : {}),
        chunkNames: '[name]-[hash]',
        banner: { js: REQUIRE },
        external: ['electron', 'better-sqlite3', '@napi-rs/keyring'],
      }),
    ),
  existsSync('electron/preload/index.ts')
    ? build({
        ...common,
        entryPoints: ['electron/preload/index.ts'],
        outfile: 'dist/electron/preload.cjs',
        format: 'cjs',
        external: ['electron'],
      })
    : undefined,
  renderer,
]);
cpSync('electron/resources/tray', 'dist/electron/tray', { recursive: true });
mkdirSync('dist/runtime', { recursive: true });
for (const part of ['manifest.json', 'keys', 'archives', 'templates'])
  cpSync(`runtime/${part}`, `dist/runtime/${part}`, { recursive: true });
