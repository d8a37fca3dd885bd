/** Which events change the answer of a query. Each probe sends an event; most of them only say that all is as it was. */
import type { Change } from '../../contract/changes.ts';
import type { WireEvent } from '../../contract/index.ts';
import type { ServiceState } from '../../contract/services.ts';

/**
 * @param services and @param changes as they were before this event
 * @returns false for a service of which only the evidence is newer, and for the progress of a change
 */
export function bringsNews(
  event: WireEvent,
  services: ReadonlyMap<string, ServiceState>,
  changes: ReadonlyMap<string, Change>,
): boolean {
  if (event.event === 'service:stateChanged') {
    const before = services.get(event.data.id);
    return before === undefined || essence(before) !== essence(event.data);
  }
  if (event.event === 'change:updated') return changes.get(event.data.id)?.status !== event.data.status;
  return true;
}

/** All but what passes by itself. */
const essence = ({ evidence: _evidence, lastUpdated: _lastUpdated, reason: _reason, ...rest }: ServiceState): string =>
  JSON.stringify(rest);
