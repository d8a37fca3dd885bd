/** What a packaged app is made of: reading its archive and its fuses, and judging its list of files. Pure but for the reading. */
import { readFileSync } from 'node:fs';

interface AsarNode {
  readonly files?: Readonly<Record<string, AsarNode>>;
  readonly size?: number;
  readonly unpacked?: boolean;
  readonly offset?: string;
}

export interface PackagedFile {
  /** Below the app's folder, with slashes. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Lies beside the archive as a file. */
  readonly unpacked: boolean;
}

/**
 * An ASAR begins with two Chromium pickles: the length of the header, and the header itself, a tree of JSON.
 * See the README of @electron/asar, "Format".
 */
export function readAsar(file: string): { readonly files: readonly PackagedFile[]; read(path: string): Buffer } {
  const bytes = readFileSync(file);
  const headerSize = bytes.readUInt32LE(4);
  const root = JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12))) as AsarNode;
  const files: PackagedFile[] = [];
  const places = new Map<string, { offset: number; size: number }>();
  const visit = (node: AsarNode, path: string): void => {
    for (const [name, child] of Object.entries(node.files ?? {})) {
      const at = path === '' ? name : `${path}/${name}`;
      if (child.files !== undefined) visit(child, at);
      else {
        files.push({ path: at, sizeBytes: child.size ?? 0, unpacked: child.unpacked === true });
        if (child.offset !== undefined) places.set(at, { offset: Number(child.offset), size: child.size ?? 0 });
      }
    }
  };
  visit(root, '');
  return {
    files,
    read(path) {
      const place = places.get(path);
      if (place === undefined) return readFileSync(`${file}.unpacked/${path}`);
      const start = 8 + headerSize + place.offset;
      return bytes.subarray(start, start + place.size);
    },
  };
}

/** Before the fuses in Electron's binary; then a byte for the version, one for their number, and one for each. See @electron/fuses. */
export const FUSE_SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const FUSES = [
  'runAsNode',
  'enableCookieEncryption',
  'enableNodeOptionsEnvironmentVariable',
  'enableNodeCliInspectArguments',
  'enableEmbeddedAsarIntegrityValidation',
  'onlyLoadAppFromAsar',
  'loadBrowserProcessSpecificV8Snapshot',
  'grantFileProtocolExtraPrivileges',
] as const;

/** What docs/adr/0015 decided. */
export const WANTED_FUSES: Readonly<Record<(typeof FUSES)[number], boolean>> = {
  runAsNode: true,
  enableCookieEncryption: true,
  enableNodeOptionsEnvironmentVariable: false,
  enableNodeCliInspectArguments: false,
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  grantFileProtocolExtraPrivileges: false,
};

/** @returns the names of the fuses that are not set as decided */
export function wrongFuses(binary: Buffer): string[] {
  const at = binary.indexOf(FUSE_SENTINEL);
  if (at === -1) return ['no fuses were found'];
  const wire = binary.subarray(at + FUSE_SENTINEL.length + 2);
  return FUSES.filter((name, index) => (wire[index] === '1'.charCodeAt(0)) !== WANTED_FUSES[name]);
}

/** Packages that are not bundled, because they hold native code. */
const NATIVE_PACKAGES = /^(better-sqlite3|@napi-rs\/keyring(-[a-z0-9-]+)?)$/;
/** Without these, something does not run. */
const NEEDED: readonly (readonly [string, 'packed' | 'unpacked'])[] = [
  ['package.json', 'packed'],
  ['dist/electron/main.mjs', 'packed'],
  ['dist/electron/preload.cjs', 'packed'],
  ...['ready', 'busy', 'failed', 'stopped', 'offline'].flatMap((state) =>
    ['', '@2x', 'Template', 'Template@2x'].map(
      (suffix) => [`dist/electron/tray/${state}${suffix}.png`, 'packed'] as const,
    ),
  ),
  ['dist/electron/tray/overlay.png', 'packed'],
  ['dist/daemon/main.mjs', 'unpacked'],
  ['dist/edge/main.mjs', 'unpacked'],
  ['dist/privileged/main.mjs', 'unpacked'],
  ['dist/keychain/main.mjs', 'unpacked'],
  ['dist/mover/main.mjs', 'unpacked'],
  ['dist/cli/main.mjs', 'unpacked'],
  ['dist/renderer/index.html', 'unpacked'],
  ['dist/runtime/manifest.json', 'unpacked'],
  ['node_modules/better-sqlite3/package.json', 'unpacked'],
  ['node_modules/@napi-rs/keyring/package.json', 'unpacked'],
];
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\.map$/, 'a source map'],
  [/\.(test|spec)\.[a-z]+$/, 'a test'],
  [/(^|\/)(tests?|__tests__|fixtures|bench)\//, 'a test'],
  [/\.(ts|mts|cts|vue|tsbuildinfo)$/, 'a source file'],
  [/(^|\/)\.(?!npmignore)[^/]*$/, 'a hidden file'],
  [/\.(pem|key)$/, 'a key'],
];
const PUBLIC_KEYS = /^dist\/runtime\/keys\/[^/]+\.pub\.pem$/;

/** @returns what is missing or must not be there, one line each */
export function judgeFiles(files: readonly PackagedFile[], devDependencies: readonly string[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const missing = NEEDED.flatMap(([path, where]) => {
    const found = byPath.get(path);
    if (found === undefined) return [`${path} is missing`];
    return found.unpacked === (where === 'unpacked') ? [] : [`${path} is not ${where}`];
  });
  const tooMuch = files.flatMap(({ path }) => {
    const what = PUBLIC_KEYS.test(path) ? undefined : FORBIDDEN.find(([pattern]) => pattern.test(path))?.[1];
    return what === undefined ? [] : [`${path} is ${what}`];
  });
  const packages = new Set(
    files.flatMap(({ path }) =>
      [...path.matchAll(/(?<=^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map((match) => match[1] ?? ''),
    ),
  );
  const foreign = [...packages].flatMap((name) => {
    if (devDependencies.includes(name)) return [`${name} is needed for development only`];
    return NATIVE_PACKAGES.test(name) ? [] : [`${name} is a package that the build should have bundled`];
  });
  return [...missing, ...tooMuch, ...foreign];
}

/**
 * What a built program refers to by name, as it stands in its text: static and dynamic imports, and `require`. Minified code puts no
 * space before the quote, and any text may look like an import: only what can be the name of a file or a package counts.
 */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(/\b(?:from|import|import\(|require\()\s*(["'`])([^"'`\s]+)\1/g)]
    .map((match) => match[2] ?? '')
    .filter((name) => /^(\.{1,2}\/|@[a-z0-9-]+\/|node:|[a-z])[\w./@-]*$/.test(name));
}
