/** Which sites are open to the same network, on which port, and until when. */
import { z } from 'zod';
import { KojiboxError } from '../../contract/errors.ts';
import { ShareSchema, type Share } from '../../contract/sharing.ts';
import type { JsonStore } from '../config/json-store.ts';
import { changeRecords, recordsBy } from '../config/record-change.ts';
import { storeAndApply } from '../config/store-and-apply.ts';
import type { Ports } from '../ports/ports.ts';
import type { System } from '../system/system.ts';

export const SharesSchema = z.array(ShareSchema);
const FIRST_PORT = 8090;
const HOUR_MS = 3_600_000;
/** The longest that a timer of Node can wait is 2^31 - 1 ms. */
const LONGEST_WAIT_MS = 2_000_000_000;

const SHARES = recordsBy(({ projectId }: Share) => projectId);

const portKey = (projectId: string): string => `share.${projectId}`;

export interface Sharing {
  /** Those whose time is not over. */
  list(): Share[];
  /**
   * @param address one of this machine's own; undefined: the first private one
   * Rejects with UNAVAILABLE when this machine is in no network, or the address is not its own, and with the error of the sites; then
   * nothing changed.
   */
  begin(projectId: string, hours: number, address: string | undefined): Promise<Share>;
  /** Rejects with NOT_FOUND for a site that is not shared, and with the error of the sites; then it is still shared. */
  end(projectId: string): Promise<void>;
  /** Takes out the share and the port of a project that was removed: one of the same id that comes later starts unshared. */
  forget(projectId: string): Promise<void>;
  /** Takes up the clock after a start of the daemon. */
  resume(): void;
}

export function createSharing(options: {
  readonly system: System;
  readonly ports: Ports;
  readonly store: JsonStore<Share[]>;
  /** A project that was removed is not shared any more. */
  isProject(id: string): boolean;
  applySites(): Promise<void>;
}): Sharing {
  const { system, ports, store } = options;
  let cancelTimer: () => void = () => undefined;
  const isCurrent = ({ projectId, expiresAt }: Share): boolean =>
    Date.parse(expiresAt) > system.clock.now() && options.isProject(projectId);
  const list: Sharing['list'] = () => store.get().filter(isCurrent);

  /** Wakes up when the next one ends. */
  const arm = (): void => {
    cancelTimer();
    const next = Math.min(...store.get().map(({ expiresAt }) => Date.parse(expiresAt)));
    if (next === Infinity) return;
    const wait = Math.min(Math.max(0, next - system.clock.now()) + 1, LONGEST_WAIT_MS);
    cancelTimer = system.clock.after(wait, () => {
      prune().catch((error: unknown) => system.log.error('cannot end the sharing of a site', { error: String(error) }));
    });
  };
  const prune = async (): Promise<void> => {
    await store.update((all) => all.filter(isCurrent));
    await options.applySites();
    arm();
  };

  /** Stores and serves a share, or none; the former one is back when that fails. */
  const put = async (projectId: string, share: Share | null): Promise<void> => {
    const change = (all: Share[]): Share[] => [
      ...all.filter((other) => other.projectId !== projectId && isCurrent(other)),
      ...(share === null ? [] : [share]),
    ];
    await storeAndApply({
      store: () => changeRecords(store, SHARES, change, [projectId]),
      apply: () => options.applySites(),
    });
    arm();
  };

  const addressFor = (wanted: string | undefined): string => {
    const own = system.network.addresses();
    const chosen = wanted ?? own.find(({ kind }) => kind === 'private')?.address;
    if (chosen !== undefined && own.some(({ address, kind }) => address === chosen && kind !== 'public')) return chosen;
    throw new KojiboxError('UNAVAILABLE', 'cannot share a site with the network', {
      detail:
        wanted === undefined
          ? 'this machine has no address in a private network'
          : `${wanted} is not a private address of this machine`,
      source: 'proxy',
      remedy: 'Connect to a local network (Wi-Fi or cable) first, then share again.',
    });
  };

  return {
    list,
    async begin(projectId, hours, wanted) {
      const address = addressFor(wanted);
      const known = list().find((share) => share.projectId === projectId && share.address === address);
      const port = known?.port ?? (await ports.assign(portKey(projectId), FIRST_PORT));
      const host = address.includes(':') ? `[${address}]` : address;
      const share: Share = {
        projectId,
        url: `http://${host}:${port}/`,
        address,
        port,
        expiresAt: new Date(system.clock.now() + hours * HOUR_MS).toISOString(),
      };
      await put(projectId, share);
      return share;
    },
    async end(projectId) {
      if (!list().some((share) => share.projectId === projectId))
        throw new KojiboxError('NOT_FOUND', `cannot end the sharing of ${projectId}`, {
          detail: 'it is not shared',
          source: 'proxy',
          remedy: 'See what is shared with: koji project shares',
        });
      await put(projectId, null);
    },
    async forget(projectId) {
      if (store.get().some((share) => share.projectId === projectId))
        await store.update((all) => all.filter((share) => share.projectId !== projectId));
      await ports.release(portKey(projectId));
      arm();
    },
    resume: arm,
  };
}
