/** Runs in a mount namespace of its own, with TMPDIR on a small disk: what each operation says while that disk is full. Prints JSON. */
import { readdirSync, readFileSync, rmSync, writeSync, openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfHome } from '../../core/layout.ts';
import { createEdgeOnlyWorld } from './edge-only-world.ts';

export interface FullDiskReport {
  /** While the disk was full, and once more when it had room. */
  readonly full: readonly Outcome[];
  readonly room: readonly Outcome[];
  /** Marks of the services that run: while the disk was full, and after `koji quit`. */
  readonly runningWhenFull: readonly string[];
  readonly leftAfterQuit: readonly string[];
  readonly reason: string | null;
}
export interface Outcome {
  readonly method: string;
  readonly code: string | null;
  readonly detail: string;
}

const world = createEdgeOnlyWorld();
await world.koji('up', '--json');
const program = { binary: '/bin/sh', args: ['-c', 'while :; do sleep 1; done'] };
await world.call('services.define', { id: 'tick', ...program });
await world.koji('stop', 'tick');
await world.call('services.define', { id: 'kept', ...program });

const filler = join(world.root, 'filler');
/** To the last byte. */
function fill(): void {
  const file = openSync(filler, 'w');
  for (const size of [1 << 20, 4096, 1]) {
    const block = Buffer.alloc(size, 1);
    try {
      while (writeSync(file, block) > 0) continue;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
}

const site = (id: string): object => ({
  id,
  name: id,
  path: join(world.root, 'sites/good'),
  domain: `${id}.test`,
  stack: 'static',
  overrides: {},
});
const calls: readonly (readonly [method: string, params: unknown])[] = [
  ['config.setProject', site('one')],
  ['projects.update', { id: 'good', overrides: { A: String(process.pid) } }],
  ['domains.upsert', { domain: 'other.test', projectId: 'good', targetPort: 0 }],
  ['proxy.apply', { rules: [{ host: 'rule.test', path: '/', target: 'http://127.0.0.1:3000', tls: false }] }],
  ['config.setService', { id: 'tick', enabled: true, ports: {}, env: { A: 'b' }, args: [] }],
  ['config.setApp', { installPath: world.home, updateChannel: 'beta', telemetryOptIn: false }],
  ['secrets.set', { key: 'k', scope: 'app', value: 'v' }],
  ['services.define', { id: 'late', ...program }],
  ['services.start', { id: 'tick' }],
  ['services.restart', { id: 'kept' }],
  ['certs.generate', { domain: 'new.test' }],
  ['mirror.set', { kind: 'npm', url: 'http://127.0.0.1:9/' }],
  ['diagnostics.create', {}],
  ['logs.export', {}],
];

async function ask(method: string, params: unknown): Promise<Outcome> {
  const answer = await world.rpc(JSON.stringify({ method, params }));
  const { error } = answer.body;
  return { method, code: error?.code ?? null, detail: `${error?.message ?? ''}: ${error?.detail ?? ''}` };
}
async function askAll(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [method, params] of calls) outcomes.push(await ask(method, params));
  const created = await world.kojiResult('project', 'create', 'static', `New ${outcomes.length}`, '--json');
  outcomes.push({
    method: 'projects.create',
    code: created.code === 0 ? null : (/"code": "([A-Z_]+)"/.exec(created.stdout)?.[1] ?? 'UNREADABLE'),
    detail: created.stdout.slice(-2000) + created.stderr,
  });
  return outcomes;
}

const mine = `@${digestOfHome(world.home)}`;
/** Of processes that carry the mark of a service. */
function marks(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      return environment.filter((entry) => entry.startsWith('KOJIBOX_SERVICE=') && entry.endsWith(mine));
    } catch {
      return []; // Gone.
    }
  });
}

fill();
const full = await askAll();
const state = await world.services();
const runningWhenFull = state.filter((service) => service.state === 'running').map(({ id }) => id);
const reason = state.find(({ id }) => id === 'tick')?.reason ?? null;
rmSync(filler);
const room = await askAll();
await world.koji('quit');
const report: FullDiskReport = { full, room, runningWhenFull, leftAfterQuit: marks(), reason };
process.stdout.write(`\n${JSON.stringify(report)}\n`);
