/** The usual ports, looked at now: free, held by Kojibox itself, or by someone else; and what would be used instead. */
import type { PortCheck } from '../../contract/first-run.ts';
import { holderName, type Network } from '../system/network.ts';
import { sayPort } from '../../contract/sentences/ports.ts';

/** How far above its usual port a free one is looked for. */
const RANGE = 99;

export interface CheckedPort {
  readonly key: string;
  readonly name: string;
  readonly port: number;
  /** Taken where the usual one may not be bound, e.g. 8443 for 443. */
  readonly fallback?: number;
  readonly choosable: boolean;
}

export interface PortFacts {
  readonly network: Network;
  readonly assigned: Readonly<Record<string, number>>;
  /** Is this one of ours, listening now? */
  isOurs(key: string, port: number): boolean;
  /** What the user wants instead of the proposal. */
  readonly chosen: Readonly<Record<string, number>>;
}

export async function checkPorts(ports: readonly CheckedPort[], facts: PortFacts): Promise<PortCheck[]> {
  const proposed = new Set<number>();
  const result: PortCheck[] = [];
  for (const { key, name, port, fallback, choosable } of ports) {
    const ours = facts.isOurs(key, port);
    const bindable = ours ? null : await facts.network.canBind(port);
    const holder = ours || bindable?.ok === true ? null : await facts.network.holderOf(port);
    const own = facts.assigned[key];
    const next =
      facts.chosen[key] ??
      (ours || (own !== undefined && facts.isOurs(key, own)) ? own : await firstFree(facts, fallback, port, proposed));
    if (next !== undefined && next !== null) proposed.add(next);
    result.push({
      key,
      name,
      port,
      state: stateOf(ours, bindable, holder !== null),
      holder:
        holder !== null
          ? holderName(holder)
          : bindable !== null && !bindable.ok
            ? whyNot(bindable.reason, bindable.detail)
            : null,
      proposed: next ?? null,
      choosable,
    });
  }
  return result;
}

function stateOf(
  ours: boolean,
  bindable: Awaited<ReturnType<Network['canBind']>> | null,
  isHeld: boolean,
): PortCheck['state'] {
  if (ours) return 'ours';
  if (bindable === null || bindable.ok) return 'free';
  return bindable.reason === 'forbidden' && !isHeld ? 'forbidden' : 'taken';
}

const whyNot = (reason: string, detail: string): string => (reason === 'forbidden' ? sayPort('mayNotUse') : detail);

async function firstFree(
  { network }: PortFacts,
  fallback: number | undefined,
  port: number,
  taken: ReadonlySet<number>,
): Promise<number | null> {
  const candidates = [
    port,
    ...(fallback === undefined
      ? Array.from({ length: RANGE }, (_, index) => port + 1 + index)
      : Array.from({ length: RANGE + 1 }, (_, index) => fallback + index)),
  ];
  for (const candidate of candidates)
    if (candidate <= 65535 && !taken.has(candidate) && (await network.canBind(candidate)).ok) return candidate;
  return null;
}
