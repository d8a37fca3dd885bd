/** Whether names come this way: what the system is told, and what it really does when it is asked. */
import { randomBytes } from 'node:crypto';
import { lookup, Resolver } from 'node:dns/promises';
import { probeAddress, RESOLVER_PROBE_SUFFIX, type ResolverStatus } from '../../contract/resolver.ts';
import { NAME_SERVER_PORT_KEY, resolverSuffixes } from '../../core/domains/resolver.ts';
import type { Kojibox } from '../../core/kojibox-types.ts';
import { resolverMechanism, resolverState, resolverTarget } from '../../core/privileged/resolver-steps.ts';
import type { System } from '../../core/system/system.ts';
import { sayName } from '../../contract/sentences/names.ts';
import type { Sentence } from '../../contract/sentences/sentence.ts';

const TIMEOUT_MS = 3000;

export interface ResolverCheck {
  status(): Promise<ResolverStatus & { readonly reason: Sentence }>;
}

export function createResolverCheck(system: System, kojibox: Kojibox): ResolverCheck {
  return {
    async status() {
      const names = [...kojibox.projects.list(), ...kojibox.domains.list()].map(({ domain }) => domain);
      const suffixes = resolverSuffixes(names);
      const port = kojibox.ports.registry().assigned[NAME_SERVER_PORT_KEY] ?? null;
      const mechanism = await resolverMechanism(system);
      const state = await resolverState(system, suffixes, port);
      // What is not set is not asked: a probe would leave this machine.
      const answers = state !== 'off' && port !== null && (await throughSystem(port));
      const own = answers || (port !== null && (await directly(port)));
      const facts = { mechanism, file: resolverTarget(system.host.os), state, port, suffixes, answers };
      return { ...facts, reason: reasonOf(facts, own) };
    },
  };
}

function reasonOf({ mechanism, state, answers, suffixes }: Omit<ResolverStatus, 'reason'>, own: boolean): Sentence {
  const names = suffixes.map((suffix) => `.${suffix}`).join(', ');
  if (answers && state === 'on') return sayName('allComeHere', { names });
  if (state === 'outdated') return sayName('outdated');
  if (mechanism === null) return sayName('noMechanism');
  if (state === 'off') return sayName('notAsked', { names });
  return sayName(own ? 'doesNotCome' : 'noAnswer');
}

/** Another name each time, so that no cache knows it. */
const probeName = (): string => `${randomBytes(6).toString('hex')}.${RESOLVER_PROBE_SUFFIX}`;

/** As every program asks: getaddrinfo(3). */
async function throughSystem(port: number): Promise<boolean> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, TIMEOUT_MS, null).unref());
  const found = await Promise.race([lookup(probeName(), { family: 4 }).catch(() => null), late]);
  return found?.address === probeAddress(port);
}

async function directly(port: number): Promise<boolean> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const found: string[] = await resolver.resolve4(probeName()).catch(() => []);
  return found.includes(probeAddress(port));
}
