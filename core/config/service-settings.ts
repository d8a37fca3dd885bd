/** Settings of services: checked, stored, and put into effect at once; a service that does not start with new ones gets its old ones back. */
import type { ServiceConfig, ServiceEffect } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { ownValue } from '../../contract/own-value.ts';
import { conflict, type Ports } from '../ports/ports.ts';
import { resolveSettings } from '../secrets/references.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { Supervisor } from '../services/supervisor.ts';
import type { Network } from '../system/network.ts';
import type { JsonStore } from './json-store.ts';
import { changeRecords, recordsBy, type RecordChange } from './record-change.ts';
import { storeAndApply } from './store-and-apply.ts';

const SERVICES = recordsBy(({ id }: ServiceConfig) => id);

export interface ServiceSettings {
  /** The settings of a service; what no one changed is the default. */
  get(id: string): ServiceConfig;
  /** The same with the ports that are in use, chosen or not, as a client sees it. */
  shown(id: string): ServiceConfig;
  /** Rejects with NOT_FOUND for a service or a secret that is not there, PORT_CONFLICT for a port that someone else holds. */
  preview(config: ServiceConfig): Promise<ServiceEffect>;
  /** As `preview`, and with the error of a start that failed; then the old settings are back and in use. */
  set(config: ServiceConfig): Promise<void>;
}

export function createServiceSettings(options: {
  readonly store: JsonStore<ServiceConfig[]>;
  readonly ports: Ports;
  readonly network: Network;
  readonly secrets: Secrets;
  supervisor(): Supervisor;
  /** Services that run with the settings of this one: PHP of another user, when the daemon is root. */
  sharing(id: string): readonly string[];
  /** Ports that a service is not given by the supervisor, e.g. those of the edge. */
  applySites(): Promise<void>;
}): ServiceSettings {
  const { store, ports, network, secrets } = options;

  const get: ServiceSettings['get'] = (id) =>
    store.get().find((config) => config.id === id) ?? { id, enabled: true, ports: {}, env: {}, args: [] };

  const shown: ServiceSettings['shown'] = (id) => {
    const config = get(id);
    return { ...config, ports: { ...defaults(ports.registry().assigned, id), ...config.ports } };
  };

  /** A port that is only sent back as it was shown is not chosen: it may still move when another program takes it. */
  const chosenOf = (config: ServiceConfig): ServiceConfig => {
    const before = get(config.id).ports;
    const assigned = defaults(ports.registry().assigned, config.id);
    const chosen = Object.entries(config.ports).filter(
      ([name, port]) => ownValue(before, name) !== undefined || ownValue(assigned, name) !== port,
    );
    return { ...config, ports: Object.fromEntries(chosen) };
  };

  const put = (config: ServiceConfig): Promise<RecordChange> =>
    changeRecords(store, SERVICES, (all) => [...all.filter(({ id }) => id !== config.id), config], [config.id]);

  const preview: ServiceSettings['preview'] = async (config) => {
    const supervisor = options.supervisor();
    const { desired, state } = supervisor.state(config.id);
    const isUp = desired === 'up' || state === 'running';
    // One that no project needs any more is not known there.
    const up = supervisor.states().filter((other) => other.desired === 'up' || other.state === 'running');
    const affected = [
      ...(isUp ? supervisor.withDependents(config.id) : []),
      ...options.sharing(config.id).filter((id) => up.some((other) => other.id === id)),
    ];
    const assigned = ports.registry().assigned;
    for (const [name, port] of Object.entries(config.ports)) {
      const key = `${config.id}.${name}`;
      if (assigned[key] === port) continue;
      if (!(await network.canBind(port)).ok) throw await conflict(network, key, port);
    }
    // A reference that leads nowhere is said now, not at the next start.
    const user = { kind: 'service', id: config.id } as const;
    await resolveSettings(config.env, secrets, user, 'env');
    await resolveSettings(config.args, secrets, user, 'args');

    const before = get(config.id);
    const stackIsUp = supervisor.states().some((other) => other.desired === 'up');
    if (!config.enabled) return { restarts: [], starts: [], stops: affected };
    if (!before.enabled && stackIsUp && !isUp) return { restarts: [], starts: [config.id], stops: [] };
    const changed = ({ ports: chosen, env, args }: ServiceConfig): string =>
      JSON.stringify([
        Object.entries({ ...defaults(assigned, config.id), ...chosen }).sort(),
        Object.entries(env).sort(),
        args,
      ]);
    const restarts = changed(before) !== changed(config) ? affected : [];
    return { restarts, starts: [], stops: [] };
  };

  const apply = async (id: string, effect: ServiceEffect): Promise<void> => {
    const supervisor = options.supervisor();
    // Stopping and restarting one takes its dependents along.
    for (const each of [id, ...options.sharing(id)]) {
      if (effect.stops.includes(each)) await supervisor.stop(each);
      if (effect.restarts.includes(each)) await supervisor.restart(each);
    }
    if (effect.starts.length > 0) await supervisor.start(id);
    await options.applySites();
  };

  return {
    get,
    shown,
    preview,
    async set(wanted) {
      const config = chosenOf(wanted);
      const effect = await preview(config);
      await storeAndApply({
        store: () => put(config),
        apply: () =>
          apply(config.id, effect).catch((cause: unknown) => {
            throw withFormerSettings(cause, config.id);
          }),
      });
    },
  };
}

/** Ports that the service has now count as chosen, so that naming them changes nothing. */
const defaults = (assigned: Readonly<Record<string, number>>, id: string): Record<string, number> =>
  Object.fromEntries(
    Object.entries(assigned)
      .filter(([key]) => key.startsWith(`${id}.`))
      .map(([key, port]) => [key.slice(id.length + 1), port]),
  );

function withFormerSettings(cause: unknown, id: string): KojiboxError {
  const known =
    cause instanceof KojiboxError
      ? cause
      : new KojiboxError('START_FAILED', `cannot start ${id}`, { detail: String(cause), source: 'config' });
  return new KojiboxError(known.code, `cannot use the new settings of ${id}`, {
    detail: `${known.message}: ${known.detail}`,
    source: 'config',
    remedy: `The former settings are back in use. ${known.remedy}`,
    cause,
  });
}
