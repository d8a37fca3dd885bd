/**
 * npm run dist [-- --linux|--mac|--win] [--electron-dist PATH] [--updates-url URL]: the installers of this system, in release/, and the
 * latest*.yml files that electron-updater reads beside them.
 * Fetches Electron's binary and the packaging tools; says what is missing when they cannot be had.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build, Platform } from 'electron-builder';

process.chdir(new URL('..', import.meta.url).pathname);
const { values } = parseArgs({
  options: {
    linux: { type: 'boolean' },
    mac: { type: 'boolean' },
    win: { type: 'boolean' },
    'electron-dist': { type: 'string' },
    'updates-url': { type: 'string' },
  },
});
const chosen = [
  ...(values.linux === true ? [Platform.LINUX] : []),
  ...(values.mac === true ? [Platform.MAC] : []),
  ...(values.win === true ? [Platform.WINDOWS] : []),
];
const platforms = chosen.length > 0 ? chosen : [Platform.current()];
const electronDist = values['electron-dist'];
// electron-updater takes the name of its cache from what is written into the app with this; the address is given to it when it is used.
const updates = values['updates-url'] ?? 'https://updates.invalid/';
const { version } = JSON.parse(readFileSync('node_modules/electron/package.json', 'utf8')) as { version: string };

const built = spawnSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
try {
  const files = await build({
    projectDir: process.cwd(),
    publish: 'never',
    targets: new Map(platforms.flatMap((platform) => [...platform.createTarget()])),
    config: {
      ...(electronDist === undefined ? {} : { electronDist }),
      publish: { provider: 'generic', url: updates },
    },
  });
  for (const file of files) process.stdout.write(`${file}\n`);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  const tools = 'an AppImage needs appimagetool, a deb and an rpm need fpm, an installer for Windows needs NSIS';
  process.stderr.write(
    [
      '',
      `Cannot package the app for ${platforms.map(({ name }) => name).join(', ')}: ${reason.split('\n').slice(0, 3).join(' | ')}`,
      '',
      `Packaging needs two downloads: the binary of Electron ${version}, and the tools of the targets (${tools}).`,
      'Where they cannot be reached, give what you have:',
      `  Electron   npm run dist -- --electron-dist PATH   (the zip, or a folder with it, e.g. electron-v${version}-linux-x64.zip)`,
      '             or set ELECTRON_MIRROR to a mirror of its releases',
      '  tools      set ELECTRON_BUILDER_BINARIES_MIRROR to a mirror of electron-builder-binaries',
      'Everything else is proven without them by: npm run dist:check',
      '',
    ].join('\n'),
  );
  process.exit(1);
}
