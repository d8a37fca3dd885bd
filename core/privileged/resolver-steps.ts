/** The goal `resolver`: the system's resolver is told to ask the edge for local names. */
import type { ResolverStatus } from '../../contract/resolver.ts';
import { resolverSuffixes } from '../domains/resolver.ts';
import type { System } from '../system/system.ts';
import { privilegedPlaces } from './places.ts';
import { macResolverFile, RESOLVED_PROGRAMS, resolverUnit } from './resolver.ts';
import type { Step } from './system-work.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';

/** Made by a systemd-resolved that runs (systemd-resolved.service(8)). */
const RESOLVED_RUNS = '/run/systemd/resolve/stub-resolv.conf';

/** What this system has that can send single names elsewhere. */
export async function resolverMechanism({ files, host }: System): Promise<ResolverStatus['mechanism']> {
  if (host.os === 'darwin') return 'macos';
  if (host.os !== 'linux') return null;
  for (const path of [RESOLVED_RUNS, ...Object.values(RESOLVED_PROGRAMS)])
    if ((await files.stat(path)) === null) return null;
  return 'systemd-resolved';
}

/** The file that stands for the whole change: the unit, or the file of `.test`. */
export function resolverTarget(os: System['host']['os']): string | null {
  const place = privilegedPlaces(os).resolver;
  return place !== null && os === 'darwin' ? `${place}/test` : place;
}

/** `outdated`: for another port or other names, or by another home. */
export async function resolverState(
  { files, host }: System,
  suffixes: readonly string[],
  port: number | null,
): Promise<ResolverStatus['state']> {
  const target = resolverTarget(host.os);
  const text = target === null ? null : await files.readText(target);
  if (target === null || text === null) return 'off';
  if (port === null) return 'outdated';
  if (host.os !== 'darwin') return text === resolverUnit(suffixes, port) ? 'on' : 'outdated';
  for (const suffix of suffixes)
    if ((await files.readText(target.replace(/test$/, suffix))) !== macResolverFile(port)) return 'outdated';
  return 'on';
}

export async function resolverSteps(system: System, names: readonly string[], port: number | null): Promise<Step[]> {
  const target = resolverTarget(system.host.os);
  const suffixes = resolverSuffixes(names);
  if (port === null || target === null || (await resolverMechanism(system)) === null) return [];
  if ((await resolverState(system, suffixes, port)) === 'on') return [];
  const below = suffixes.map((suffix) => `.${suffix}`).join(', ');
  return [
    {
      entry: {
        kind: 'resolver',
        target,
        summary: saySystemChange('resolverAsks', { names: below }),
        undoCommand:
          system.host.os === 'darwin'
            ? `sudo rm ${suffixes.map((suffix) => target.replace(/test$/, suffix)).join(' ')}`
            : `sudo sh -c 'systemctl disable --now kojibox-resolver; rm -f ${target}; systemctl daemon-reload'`,
      },
      sentence: saySystemChange('willAsk', { address: `127.0.0.1:${port}`, names: below, file: target }),
      action: { verb: 'resolver.set', suffixes, port },
      byHand: 'koji domains resolver on',
    },
  ];
}
