/** Services in the order in which a person looks for them: what failed first. Pure. */
import type { ServiceState } from '../../../contract/services.ts';

export type ServiceGroupName = 'failed' | 'busy' | 'own' | 'builtIn';

export interface ServiceGroup {
  readonly name: ServiceGroupName;
  readonly services: readonly ServiceState[];
}

const ORDER: readonly ServiceGroupName[] = ['failed', 'busy', 'own', 'builtIn'];

/** @param isOwn whether the user defined it */
export function groupServices(services: readonly ServiceState[], isOwn: (id: string) => boolean): ServiceGroup[] {
  const groups = new Map<ServiceGroupName, ServiceState[]>(ORDER.map((name) => [name, []]));
  for (const service of services) groups.get(groupOf(service, isOwn))?.push(service);
  return ORDER.flatMap((name) => {
    const found = groups.get(name) ?? [];
    return found.length === 0 ? [] : [{ name, services: found }];
  });
}

function groupOf(service: ServiceState, isOwn: (id: string) => boolean): ServiceGroupName {
  if (service.state === 'error' || service.health === 'unhealthy') return 'failed';
  if (service.state === 'starting' || service.state === 'stopping') return 'busy';
  return isOwn(service.id) ? 'own' : 'builtIn';
}
