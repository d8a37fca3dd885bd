/** Which port each service has: its fixed default first, then the range above it; remembered, and never taken from someone else. */
import type { PortDef } from '../../contract/common.ts';
import type { PortRegistry } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { noticeText } from '../../contract/notices.ts';
import { holderName, type Network } from '../system/network.ts';
import type { JsonStore } from '../config/json-store.ts';

const RANGE = 99;

export interface Ports {
  /**
   * A port for `key` (`<service>.<port name>`) that can be bound now.
   *
   * @param wanted chosen by the user: then it is this one or PORT_CONFLICT, which names the holder
   */
  assign(key: string, fallback: number, wanted?: number): Promise<number>;
  registry(): PortRegistry;
  /** PORT_CONFLICT for the first of the service's ports that cannot be bound now; null: all can. */
  lost(service: string, ports: readonly PortDef[]): Promise<KojiboxError | null>;
  /** The next assign begins with the default again. */
  release(key: string): Promise<void>;
}

export function createPorts(options: {
  readonly network: Network;
  readonly store: JsonStore<PortRegistry>;
  /** What a person calls the service that has this port. */
  nameOf(key: string): string;
  /** @param topic a later notice about the same takes the place of this one */
  notice(text: string, topic: string): void;
  /** The notice about this is over. */
  dropNotice(topic: string): void;
}): Ports {
  const { network, store } = options;
  let queue: Promise<unknown> = Promise.resolve();

  const isTakenByUs = (key: string, port: number): boolean =>
    Object.entries(store.get().assigned).some(([other, assigned]) => other !== key && assigned === port);

  const remember = async (key: string, fallback: number, port: number): Promise<number> => {
    if (store.get().assigned[key] !== port) {
      await store.update((registry) => ({
        assigned: { ...registry.assigned, [key]: port },
        ranges: { ...registry.ranges, [key]: { from: fallback, to: Math.min(65535, fallback + RANGE) } },
      }));
    }
    return port;
  };

  const choose = async (key: string, fallback: number, wanted: number | undefined): Promise<number> => {
    if (wanted !== undefined) {
      if (!(await network.canBind(wanted)).ok) throw await conflict(network, key, wanted);
      return remember(key, fallback, wanted);
    }
    const known = store.get().assigned[key];
    const candidates = [
      ...(known === undefined ? [] : [known]),
      ...Array.from({ length: RANGE + 1 }, (_, index) => fallback + index),
    ];
    for (const port of candidates) {
      if (port > 65535 || isTakenByUs(key, port) || !(await network.canBind(port)).ok) continue;
      // That another service of ours has the usual port is how it is meant to be, and no news.
      if (port !== fallback && port !== known && !isTakenByUs(key, fallback)) {
        const holder = await network.holderOf(fallback);
        options.notice(
          noticeText('portMoved', {
            service: options.nameOf(key),
            port,
            holder: holderName(holder),
            wanted: fallback,
          }),
          `port ${key}`,
        );
      }
      return remember(key, fallback, port);
    }
    throw await conflict(network, key, fallback);
  };

  return {
    registry: () => store.get(),
    async lost(service, ports) {
      for (const { name, port } of ports)
        if (!(await network.canBind(port)).ok) return conflict(network, `${service}.${name}`, port);
      return null;
    },
    async release(key) {
      options.dropNotice(`port ${key}`);
      if (store.get().assigned[key] === undefined) return;
      await store.update(({ assigned: { [key]: _released, ...assigned }, ranges }) => ({ assigned, ranges }));
    },
    assign(key, fallback, wanted) {
      // One at a time: two services must not be given the same free port.
      const mine = queue.then(() => choose(key, fallback, wanted));
      queue = mine.catch(() => undefined); // The caller of `mine` gets the error.
      return mine;
    },
  };
}

/** The given error form: who holds the port. */
export async function conflict(network: Network, key: string, port: number): Promise<KojiboxError> {
  const holder = await network.holderOf(port);
  const [service, name] = key.split('.');
  return new KojiboxError('PORT_CONFLICT', 'Requested port is already in use', {
    detail:
      `${service ?? key} ${name ?? ''} port ${port} is occupied by ${holder?.description ?? 'a program that this user cannot see'}`.replace(
        '  ',
        ' ',
      ),
    source: 'config',
  });
}
