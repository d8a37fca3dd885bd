/** The program of a project: does it listen on its port, on either loopback address, or on a port of its own choice? */
import type { ProbeResult } from '../../../core/services/health.ts';
import { listeningPorts } from '../port-holder.linux.ts';
import { exchange } from './exchange.ts';

/** Node's inspector: it answers, and is no web server. */
const INSPECTOR_PORT = 9229;
/** A look at every process costs more than a connection. */
const LOOK_EVERY_MS = 500;
/** A program that opens several ports opens its own within this time. */
const GRACE_MS = 2_000;
const HOSTS = ['127.0.0.1', '::1'] as const;

interface Look {
  readonly at: number;
  /** When it was first seen to listen elsewhere. */
  readonly since: number | null;
  readonly ports: readonly number[];
}
const looks = new Map<number, Look>();

/** @param pid of the process that was launched; its group and all that descend from it count. Null: it is not known */
export async function probeOwnPort(port: number, pid: number | null, timeoutMs: number): Promise<ProbeResult> {
  const own = await reach(port, timeoutMs);
  if (own.ok || pid === null) return own;
  const look = await lookAt(pid, port);
  if (look.since === null || look.at - look.since < GRACE_MS) return own;
  for (const other of look.ports) {
    const reached = await reach(other, timeoutMs);
    if (reached.ok) return { ...reached, text: `listens on ${other}, not on $PORT ${port}` };
  }
  return own;
}

async function reach(port: number, timeoutMs: number): Promise<ProbeResult> {
  let result: ProbeResult = { ok: false, text: 'ECONNREFUSED', latencyMs: 0 };
  for (const host of HOSTS) {
    const answer = await exchange({ host, port }, timeoutMs, {});
    if (answer.ok) return { ...answer, address: { host, port } };
    if (host === HOSTS[0]) result = answer;
  }
  return result;
}

async function lookAt(pid: number, port: number): Promise<Look> {
  const now = performance.now();
  const known = looks.get(pid);
  if (known !== undefined && now - known.at < LOOK_EVERY_MS) return known;
  for (const [other, { at }] of looks) if (now - at > 600_000) looks.delete(other);
  const ports = (await listeningPorts([pid])).filter((found) => found !== port && found !== INSPECTOR_PORT);
  const look = { at: now, since: ports.length === 0 ? null : (known?.since ?? now), ports };
  looks.set(pid, look);
  return look;
}
