/** nginx, Caddy, wrk and h2load from the Debian archive, fetched like any runtime: no root, nothing of this system is changed. */
import { mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ServiceBinary } from '../contract/manifest.ts';
import { createRuntimesWorld, manifestOf, never, silent } from '../tests/integration/runtimes-world.ts';

const PROGRAMS = {
  nginx: { packages: ['nginx', 'nginx-light'], program: 'usr/sbin/nginx' },
  caddy: { packages: ['caddy'], program: 'usr/bin/caddy' },
  wrk: { packages: ['wrk'], program: 'usr/bin/wrk' },
  h2load: { packages: ['nghttp2-client'], program: 'usr/bin/h2load' },
} as const;
export type Tool = keyof typeof PROGRAMS;

/** Absolute path of each program. Kept between runs. */
export async function installTools(): Promise<Readonly<Record<Tool, string>>> {
  const home = join(tmpdir(), `kojibox-bench-tools-${userInfo().uid}`);
  mkdirSync(home, { recursive: true });
  const entries = Object.entries(PROGRAMS).map(([name, { packages, program }]): ServiceBinary => ({
    name,
    series: 'bench',
    version: 'bench',
    os: 'linux',
    arch: 'x64',
    kind: 'tool',
    isDefault: true,
    size: 0,
    env: {},
    args: [],
    defaultPorts: [],
    checksum: 'archive-signature',
    binPath: `runtime/bin/${name}/bench/linux-x64/${program}`,
    // The libraries come with the closure, the programs themselves are named one by one.
    source: {
      type: 'debian',
      suite: 'bookworm',
      packages: [packages.at(-1) ?? name],
      extraPackages: [...packages],
      executables: [program],
    },
  }));
  const { runtimes } = await createRuntimesWorld(home, { manifest: manifestOf(...entries) });
  const paths: Record<string, string> = {};
  for (const [name, { program }] of Object.entries(PROGRAMS))
    paths[name] = join(runtimes.treePath(await runtimes.ensure(name, 'bench', silent, never())), program);
  return paths as Record<Tool, string>;
}
