/** Run in a network namespace of its own: a new home gets its runtimes from a pack, and serves. Prints what it saw as JSON. */
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { createStackWorld } from './stack-world.ts';

const [pack = '', fingerprint = ''] = process.argv.slice(2);

/** The code with which a connection to an address outside fails. */
function reachOutside(): Promise<string> {
  return new Promise((resolve) => {
    // 192.0.2.0/24 is for documentation (RFC 5737): nobody answers there, and without a route nobody is even asked.
    const socket = connect(80, '192.0.2.1', () => resolve('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

execFileSync('ip', ['link', 'set', 'lo', 'up']);
const world = createStackWorld();
try {
  const routes = execFileSync('ip', ['route'], { encoding: 'utf8' }).trim();
  const outside = await reachOutside();
  const began = performance.now();
  const refused = await world.kojiResult('pack', 'install', pack, '--json');
  const installed = await world.kojiResult('pack', 'install', pack, '--trust-key', fingerprint, '--json');
  const installMs = Math.round(performance.now() - began);
  const up = await world.kojiResult('up', '--json');
  const host = (JSON.parse(up.stdout) as { sites: { url: string }[] }).sites[0]?.url ?? '';
  const page = await world.get('/', new URL(host).hostname);
  const status = await world.get('/status.json', new URL(host).hostname);
  const runtimes =
    await world.call<{ name: string; installed: { via?: string; artifacts: { file: string }[] } | null }[]>(
      'runtime.list',
    );
  process.stdout.write(
    JSON.stringify({
      routes,
      outside,
      installMs,
      upMs: Math.round(performance.now() - began) - installMs,
      refused: refused.stdout + refused.stderr,
      installed: installed.code,
      up: up.code,
      page: page.status,
      status: status.status,
      versions: JSON.parse(status.body) as unknown,
      vias: runtimes.flatMap(({ name, installed: entry }) =>
        entry === null ? [] : [`${name}: ${entry.via ?? 'network'}`],
      ),
    }),
  );
} finally {
  world.remove();
}
