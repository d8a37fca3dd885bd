/** Which names the system's resolver is to ask of the edge, and whether it is told so. */
import { isLocalName, LOCAL_DOMAINS } from '../certificates/local-domains.ts';
import { MAX_SUFFIXES } from '../privileged/request.ts';
import { privilegedPlaces } from '../privileged/places.ts';
import { macResolverFile, resolverUnit, suffixesOfUnit } from '../privileged/resolver.ts';
import type { System } from '../system/system.ts';

/** Beside 5353, which mDNS has; in no list of well-known ports. */
export const NAME_SERVER_PORT = 15_353;
export const NAME_SERVER_PORT_KEY = 'edge.dns';

/** Asked here as a whole: no one else may have it (RFC 6761 section 6.2). */
const WHOLE = 'test';
/** `localhost` every resolver knows by itself, `local` belongs to mDNS (RFC 6762). */
const NEVER = ['localhost', 'local'];

const isBelow = (name: string, suffix: string): boolean => name === suffix || name.endsWith(`.${suffix}`);

/**
 * `test`, and each other local name by itself: a router or a company may have names of its own under .lan, .internal and .home.arpa, which
 * must go on to be asked there.
 */
export function resolverSuffixes(names: readonly string[]): string[] {
  const others = [...new Set(names)].filter(
    (name) =>
      isLocalName(name) && !LOCAL_DOMAINS.includes(name) && ![WHOLE, ...NEVER].some((suffix) => isBelow(name, suffix)),
  );
  // A name below another one is asked here with it.
  const tops = others.filter((name) => !others.some((other) => other !== name && isBelow(name, other)));
  return [WHOLE, ...tops.sort().slice(0, MAX_SUFFIXES - 1)];
}

/** Whether a file of ours tells the system's resolver to ask this port for the name. That it does so is another question. */
export async function isSentHere(
  { files, host }: Pick<System, 'files' | 'host'>,
  domain: string,
  port: number | null,
): Promise<boolean> {
  const place = privilegedPlaces(host.os).resolver;
  if (port === null || place === null) return false;
  if (host.os !== 'darwin') {
    const text = await files.readText(place);
    const suffixes = suffixesOfUnit(text ?? '');
    return text === resolverUnit(suffixes, port) && suffixes.some((suffix) => isBelow(domain, suffix));
  }
  const labels = domain.split('.');
  for (let from = 0; from < labels.length; from += 1)
    if ((await files.readText(`${place}/${labels.slice(from).join('.')}`)) === macResolverFile(port)) return true;
  return false;
}
