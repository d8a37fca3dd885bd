/**
 * npm run dist:check: packages the app as `npm run dist` does, by electron-builder itself, with a stand-in for Electron's binary, and
 * proves the result: configuration, fuses, list of files, desktop entry, and that its programs run from where they lie.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { Arch, build, Platform, type AfterPackContext } from 'electron-builder';
import { judgeFiles, readAsar, referencesIn, wrongFuses } from './dist-layout.ts';
import { createElectronStub } from './dist-stub.ts';

const began = performance.now();
process.chdir(new URL('..', import.meta.url).pathname);
const problems: string[] = [];
const check = (ok: boolean, problem: string): void => void (ok || problems.push(problem));
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> };

if (
  !existsSync('dist/electron/main.mjs') &&
  spawnSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' }).status !== 0
)
  process.exit(1);
// A build without its page would be packaged without a word.
check(existsSync('dist/renderer/index.html'), 'dist/renderer was not built');

const { root, electronDist } = createElectronStub();
const home = mkdtempSync(join(tmpdir(), 'kojibox-dist-home-'));
chmodSync(home, 0o711);
try {
  let desktopEntry = '';
  await build({
    projectDir: process.cwd(),
    publish: 'never',
    targets: Platform.LINUX.createTarget('dir', Arch.x64),
    config: {
      electronDist,
      directories: { output: join(root, 'out'), buildResources: 'electron/resources' },
      afterPack: async (context) => void (desktopEntry = await desktopEntryOf(context, join(root, 'entry'))),
    },
  });
  const app = join(root, 'out', 'linux-unpacked');
  const resources = join(app, 'resources');
  const unpacked = join(resources, 'app.asar.unpacked');
  const asar = readAsar(join(resources, 'app.asar'));

  check(
    wrongFuses(readFileSync(join(app, 'kojibox'))).length === 0,
    `fuses: ${wrongFuses(readFileSync(join(app, 'kojibox'))).join(', ')}`,
  );
  problems.push(...judgeFiles(asar.files, Object.keys(manifest.devDependencies)));
  problems.push(...unresolved(asar, unpacked));
  for (const part of [
    'x-scheme-handler/kojibox',
    'application/vnd.kojibox.pack+zip',
    'Exec=',
    'Categories=Development',
    'StartupWMClass=kojibox',
    'Keywords=php;',
    // Of the file that tells the desktop what a pack is.
    '<glob pattern="*.kojipack"/>',
  ])
    check(desktopEntry.includes(part), `the desktop entry has no ${part}`);
  checkSqlite(unpacked);
  // Only what is whole is run: half of it would be started again and again.
  if (problems.length === 0) await checkPrograms(join(resources, 'koji'), home);

  const size = (packed: boolean): number =>
    asar.files.filter((file) => packed !== file.unpacked).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6;
  process.stdout.write(
    `${asar.files.length} files, ${(size(true) + size(false)).toFixed(1)} MB without Electron: ${size(true).toFixed(1)} in the archive, ${size(false).toFixed(1)} beside it\n`,
  );
} finally {
  for (const folder of [root, home]) rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) process.stdout.write(`✗ ${problem}\n`);
process.stdout.write(
  `${problems.length === 0 ? '✓ the app can be packaged' : `${problems.length} problems`} (${((performance.now() - began) / 1000).toFixed(1)} s)\n`,
);
process.exit(problems.length === 0 ? 0 : 1);

/** The entry that a deb, an rpm and an AppImage get, and their kinds of files, from the part of electron-builder that writes them. */
async function desktopEntryOf({ packager }: AfterPackContext, destination: string): Promise<string> {
  const require = createRequire(createRequire(import.meta.url).resolve('electron-builder'));
  const { LinuxTargetHelper } = require('app-builder-lib/out/targets/LinuxTargetHelper') as {
    LinuxTargetHelper: new (packager: unknown) => {
      readonly mimeTypeFiles: Promise<string | null>;
      writeDesktopEntry(options: unknown, exec: string, destination: string): Promise<string>;
    };
  };
  const helper = new LinuxTargetHelper(packager);
  const kinds = await helper.mimeTypeFiles;
  const file = await helper.writeDesktopEntry(packager.config.linux ?? {}, '/opt/Kojibox/kojibox %U', destination);
  return readFileSync(file, 'utf8') + (kinds === null ? '' : readFileSync(kinds, 'utf8'));
}

/** Everything that a program or a page refers to must be packaged; the main process finds `electron` in itself. */
function unresolved(asar: ReturnType<typeof readAsar>, beside: string): string[] {
  const paths = new Set(asar.files.map(({ path }) => path));
  /** Tried by ws, and done without; names in code that ajv could write, and does not here. */
  const optional = /^(bufferutil|utf-8-validate|ajv(-formats)?\/)/;
  return asar.files
    .filter(({ path }) => /^dist\/.*\.(mjs|cjs|js|html)$/.test(path) && !path.startsWith('dist/runtime/'))
    .flatMap(({ path }) => {
      const text = asar.read(path).toString('utf8');
      const names = path.endsWith('.html')
        ? [...text.matchAll(/\b(?:src|href)="([^"#]+)"/g)].map((match) => match[1] ?? '')
        : referencesIn(text);
      return [...new Set(names)].flatMap((name) => {
        if (name.startsWith('.')) {
          const target = posix.join(posix.dirname(path), name);
          return paths.has(target) ? [] : [`${path} refers to ${target}, which is not packaged`];
        }
        if (isBuiltin(name) || optional.test(name) || (name === 'electron' && path.startsWith('dist/electron/')))
          return [];
        if (path.startsWith('dist/renderer/')) return [];
        try {
          return createRequire(join(beside, path)).resolve(name).startsWith(beside)
            ? []
            : [`${path} would take ${name} from outside of the app`];
        } catch {
          return [`${path} needs the package ${name}, which is not packaged`];
        }
      });
    });
}

function checkSqlite(beside: string): void {
  try {
    const Database = createRequire(join(beside, 'dist', 'daemon', 'main.mjs'))('better-sqlite3') as new (
      file: string,
    ) => { prepare(sql: string): { get(): unknown }; close(): void };
    const database = new Database(':memory:');
    check(
      JSON.stringify(database.prepare('select 41 + 1 as answer').get()) === '{"answer":42}',
      'better-sqlite3 gives a wrong answer',
    );
    database.close();
  } catch (error) {
    problems.push(`better-sqlite3 cannot be loaded: ${String(error).split('\n')[0] ?? ''}`);
  }
}

/** The packaged command line starts the packaged daemon, which serves the packaged page. */
async function checkPrograms(koji: string, kojiboxHome: string): Promise<void> {
  const hosts = join(kojiboxHome, 'hosts');
  writeFileSync(hosts, '');
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(koji, args, {
      encoding: 'utf8',
      timeout: 30_000,
      env: {
        PATH: process.env['PATH'],
        HOME: kojiboxHome,
        KOJIBOX_HOME: join(kojiboxHome, 'kojibox'),
        KOJIBOX_HOSTS_FILE: hosts,
      },
    });
    check(
      status === 0,
      `koji ${args.join(' ')} of the packaged app ended with ${status ?? 'a signal'}: ${stderr.slice(0, 500)}`,
    );
    return stdout;
  };
  try {
    const info = run('info', '--json');
    check(info.includes(dirname(kojiboxHome)), 'the packaged daemon does not tell its home');
    const file = join(kojiboxHome, 'kojibox', 'app', 'daemon.json');
    if (!existsSync(file)) return;
    const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string };
    const page = await fetch(url);
    check(page.ok && (await page.text()).includes('id="app"'), 'the packaged daemon does not serve the page');
    check(run('runtime', 'list').includes('php'), 'the packaged daemon cannot read its manifest');
  } finally {
    run('quit');
  }
}
