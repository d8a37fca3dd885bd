/** The program of a project: does it listen on its port, on either loopback address, or on a port of its own choice? */
import type { ProbeResult } from '../../../core/services/health.ts';
import { sayWork } from '../../../contract/sentences/work.ts';
import { listeningAddresses } from '../port-holder.linux.ts';
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
  /** What a person is told. */
  readonly text: string;
}
const looks = new Map<number, Look>();

/** @param pid of the process that was launched; its group and all that descend from it count. Null: it is not known */
export async function probeOwnPort(port: number, pid: number | null, timeoutMs: number): Promise<ProbeResult> {
  const own = await reach(port, timeoutMs);
  if (own.ok || pid === null) return own;
  const look = lookAt(pid, port);
  const seen = { ...own, text: look.text };
  if (look.since === null || look.at - look.since < GRACE_MS) return seen;
  for (const other of look.ports) {
    const reached = await reach(other, timeoutMs);
    if (reached.ok) return { ...reached, text: `listens on ${other}, not on $PORT ${port}` };
  }
  return seen;
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

function lookAt(pid: number, port: number): Look {
  const now = performance.now();
  const known = looks.get(pid);
  if (known !== undefined && now - known.at < LOOK_EVERY_MS) return known;
  for (const [other, { at }] of looks) if (now - at > 600_000) looks.delete(other);
  const addresses = listeningAddresses([pid]);
  const ports = [...new Set(addresses.map((address) => address.port))]
    .filter((found) => found !== port && found !== INSPECTOR_PORT)
    .sort((a, b) => a - b);
  const places = addresses.map((address) => `${address.host}:${address.port}`).join(', ');
  const text =
    places === '' ? sayWork('listensNowhere', { pid, port }) : sayWork('listensElsewhere', { pid, places, port });
  const look = { at: now, since: ports.length === 0 ? null : (known?.since ?? now), ports, text };
  looks.set(pid, look);
  return look;
}
